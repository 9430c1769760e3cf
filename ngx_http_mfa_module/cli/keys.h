/*
 * The key ring's file.
 */

#ifndef MFACTL_KEYS_H
#define MFACTL_KEYS_H

#include "cli/file.h"
#include "core/seal.h"

#define MFACTL_KEYS_FILE_MAX  65536         /* bytes */

/*
 * Reads and checks a key ring file: as nginx does, by the same parser and the
 * same rule for its mode.  0, or -1 with "FILE:LINE: what" appended to why.  On
 * 0 the caller frees file and wipes ring.
 */
int mfactl_keys_read(const char *path, mfactl_file_t *file,
    mfa_keyring_t *ring, mfa_buf_t *why);

#endif /* MFACTL_KEYS_H */
