/*
 * Whole files in memory: configuration, key ring, password of the store.
 */

#ifndef MFACTL_FILE_H
#define MFACTL_FILE_H

#include "core/str.h"

#include <sys/types.h>

typedef struct {
    uint8_t  *data;                         /* a zero byte stands behind */
    size_t    len;
    mode_t    mode;                         /* permission bits */
    uid_t     uid;
    gid_t     gid;
} mfactl_file_t;

/*
 * Reads a regular file of at most max bytes.  0, or -1 with "FILE: what"
 * appended to why.  On 0 the caller ends with mfactl_file_free, which wipes.
 */
int mfactl_file_read(mfactl_file_t *file, const char *path, size_t max,
    mfa_buf_t *why);
/* The same for a file that holds secrets: refused when others may read it or
   the group may write it, as nginx refuses it. */
int mfactl_file_read_secret(mfactl_file_t *file, const char *path, size_t max,
    mfa_buf_t *why);
void mfactl_file_free(mfactl_file_t *file);

#endif /* MFACTL_FILE_H */
