/*
 * Whole files in memory, see file.h.  Mode and content are those of one open
 * file: a path could be another file by the second look.
 */

#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


static int
refuse(const char *path, const char *what, mfa_buf_t *why)
{
    mfa_buf_cstr(why, path);
    mfa_buf_cstr(why, ": ");
    mfa_buf_cstr(why, what);

    return -1;
}


static int
fill(mfactl_file_t *file, int fd, size_t len)
{
    ssize_t  n;

    file->data = malloc(len + 1);
    file->len = 0;

    if (file->data == NULL) {
        return -1;
    }

    while (file->len < len) {
        n = read(fd, file->data + file->len, len - file->len);

        if (n < 0 && errno != EINTR) {
            mfactl_file_free(file);
            return -1;
        }

        if (n == 0) {
            break;
        }

        file->len += n > 0 ? (size_t) n : 0;
    }

    file->data[file->len] = '\0';

    return 0;
}


static int
read_file(mfactl_file_t *file, const char *path, size_t max, mode_t forbidden,
    mfa_buf_t *why)
{
    int          fd, rc;
    struct stat  st;

    /* Not blocking, in case somebody put a pipe there. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return refuse(path, strerror(errno), why);
    }

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        rc = refuse(path, "is no regular file", why);

    } else if (st.st_mode & forbidden) {
        rc = refuse(path, "is open to others, make its mode 0600 or 0640", why);

    } else if ((uintmax_t) st.st_size > max) {
        rc = refuse(path, "is too large", why);

    } else if (fill(file, fd, (size_t) st.st_size) != 0) {
        rc = refuse(path, "cannot be read", why);

    } else {
        file->mode = st.st_mode & 07777;
        file->uid = st.st_uid;
        file->gid = st.st_gid;
        rc = 0;
    }

    close(fd);

    return rc;
}


int
mfactl_file_read(mfactl_file_t *file, const char *path, size_t max,
    mfa_buf_t *why)
{
    return read_file(file, path, max, 0, why);
}


int
mfactl_file_read_secret(mfactl_file_t *file, const char *path, size_t max,
    mfa_buf_t *why)
{
    return read_file(file, path, max, S_IRWXO | S_IWGRP, why);
}


void
mfactl_file_free(mfactl_file_t *file)
{
    if (file->data != NULL) {
        mfa_wipe(file->data, file->len);
        free(file->data);
        file->data = NULL;
    }
}
