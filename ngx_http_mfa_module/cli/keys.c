/*
 * mfactl keys: making and listing the keys of the ring.  A key is written to
 * the ring's file (or to standard output when asked), never anywhere else, and
 * is never shown again.
 */

#include "cli/keys.h"
#include "cli/change.h"
#include "cli/print.h"
#include "core/base64.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES  80                  /* id, ':', 44 characters */


int
mfactl_keys_read(const char *path, mfactl_file_t *file, mfa_keyring_t *ring,
    mfa_buf_t *why)
{
    unsigned     line;
    const char  *what;

    if (mfactl_file_read_secret(file, path, MFACTL_KEYS_FILE_MAX, why) != 0) {
        return -1;
    }

    if (mfa_keyring_parse(ring, (mfa_str_t) { file->data, file->len }, &line,
                          &what) == 0)
    {
        return 0;
    }

    mfactl_file_free(file);
    mfa_buf_cstr(why, path);

    if (line) {
        mfa_buf_cstr(why, ":");
        mfa_buf_int(why, line);
    }

    mfa_buf_cstr(why, ": ");
    mfa_buf_cstr(why, what);

    return -1;
}


static int
is_taken(const mfa_keyring_t *ring, const char *id)
{
    size_t  i;

    for (i = 0; i < ring->n; i++) {
        if (mfa_str_is((mfa_str_t) { ring->keys[i].id, ring->keys[i].id_len },
                       id))
        {
            return 1;
        }
    }

    return 0;
}


/* "k", the day, a letter: "k20261122a".  0, or -1 when none is left. */
static int
name_key(const mfa_keyring_t *ring, char *id, size_t cap)
{
    size_t      n;
    time_t      now;
    struct tm   tm;

    now = time(NULL);

    if (gmtime_r(&now, &tm) == NULL
        || (n = strftime(id, cap - 1, "k%Y%m%d", &tm)) == 0)
    {
        return -1;
    }

    id[n + 1] = '\0';

    for (id[n] = 'a'; id[n] <= 'z'; id[n]++) {
        if (!is_taken(ring, id)) {
            return 0;
        }
    }

    return -1;
}


/* Appends "id:base64" and a newline; 0 or -1. */
static int
make_line(const char *id, mfa_buf_t *out)
{
    uint8_t  key[MFA_KEY_BYTES];

    if (mfactl_change_random(key, sizeof(key)) != 0) {
        return -1;
    }

    mfa_buf_cstr(out, id);
    mfa_buf_cstr(out, ":");
    mfa_base64_encode(out, key, sizeof(key));
    mfa_buf_cstr(out, "\n");
    mfa_wipe(key, sizeof(key));

    return out->failed ? -1 : 0;
}


static int
write_all(int fd, const uint8_t *data, size_t len)
{
    ssize_t  n;

    while (len) {
        n = write(fd, data, len);

        if (n < 0 && errno != EINTR) {
            return -1;
        }

        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t) n : 0;
    }

    return 0;
}


/* A name once written must not be lost with the power. */
static int
sync_folder(const char *path)
{
    int          fd, rc;
    char        *folder;
    const char  *slash;

    slash = strrchr(path, '/');
    folder = slash != NULL ? strndup(path, (size_t) (slash - path) + 1)
                           : strdup(".");

    if (folder == NULL) {
        return -1;
    }

    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);

    if (fd < 0) {
        return -1;
    }

    rc = fsync(fd);
    close(fd);

    return rc;
}


/* Line and the old file into a new one with the owner and mode of the old. */
static int
fill_file(int fd, mfa_str_t line, const mfactl_file_t *old)
{
    if (old->data != NULL
        && (fchown(fd, old->uid, old->gid) != 0 || fchmod(fd, old->mode) != 0))
    {
        return -1;
    }

    if (write_all(fd, line.data, line.len) != 0) {
        return -1;
    }

    if (old->data != NULL && write_all(fd, old->data, old->len) != 0) {
        return -1;
    }

    return fsync(fd);
}


/*
 * The new file is made beside the old one and takes its place in one step.  Its
 * fixed name is the lock: of two that run at once the second finds it there.
 */
static int
replace(mfactl_t *ctl, const char *path, mfa_str_t line,
    const mfactl_file_t *old)
{
    int     fd, rc, error;
    char   *fresh;
    size_t  len;

    len = strlen(path) + sizeof(".new");
    fresh = mfactl_arena_alloc(&ctl->conf.arena, len);
    snprintf(fresh, len, "%s.new", path);

    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
              S_IRUSR | S_IWUSR);

    if (fd < 0) {
        return mfactl_print_error(ctl, MFACTL_REFUSED, "%s: %s", fresh,
                                  strerror(errno));
    }

    rc = fill_file(fd, line, old);
    rc = close(fd) == 0 ? rc : -1;

    if (rc == 0) {
        rc = rename(fresh, path);
    }

    error = errno;

    if (rc != 0) {
        unlink(fresh);

    } else {
        rc = sync_folder(path);
        error = errno;
    }

    return rc == 0 ? MFACTL_DONE
                   : mfactl_print_error(ctl, MFACTL_REFUSED, "%s: %s", path,
                                        strerror(error));
}


static void
print_made(const mfactl_t *ctl, const char *id, const char *file,
    mfa_str_t line)
{
    json_t  *doc;

    if (!ctl->json && file == NULL) {
        printf("%.*s\n", (int) line.len, (const char *) line.data);
        return;
    }

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "id", mfactl_print_text(mfa_str_from(id)));
    json_object_set_new(doc, file != NULL ? "file" : "line",
                        mfactl_print_text(file != NULL ? mfa_str_from(file)
                                                       : line));
    mfactl_print(ctl, doc, NULL, NULL);
}


/* Puts a key in front of a ring that has been read, or is empty. */
static int
add_key(mfactl_t *ctl, const char *path, const mfactl_file_t *old,
    const mfa_keyring_t *ring)
{
    int        status;
    char       id[MFA_KEY_ID_MAX + 1];
    uint8_t    room[LINE_MAX_BYTES];
    mfa_buf_t  line;

    if (ring->n == MFA_KEYRING_MAX) {
        return mfactl_print_error(ctl, MFACTL_REFUSED, "the ring is full: it"
                                  " holds %d keys", MFA_KEYRING_MAX);
    }

    mfa_buf_init(&line, room, sizeof(room));

    if (name_key(ring, id, sizeof(id)) != 0 || make_line(id, &line) != 0) {
        status = mfactl_print_error(ctl, MFACTL_REFUSED,
                                    "no key could be made");

    } else if (path == NULL) {
        print_made(ctl, id, NULL, (mfa_str_t) { line.data, line.len - 1 });
        status = MFACTL_DONE;

    } else {
        status = replace(ctl, path, mfa_buf_since(&line, 0), old);

        if (status == MFACTL_DONE) {
            print_made(ctl, id, path, (mfa_str_t) { NULL, 0 });
        }
    }

    mfa_wipe(room, sizeof(room));

    return status;
}


int
mfactl_keys_new(mfactl_t *ctl)
{
    int             status;
    char           *path;
    uint8_t         room[512];
    mfa_buf_t       why;
    mfactl_file_t   old;
    mfa_keyring_t   ring;

    memset(&old, 0, sizeof(old));
    memset(&ring, 0, sizeof(ring));

    if (mfactl_options_given(&ctl->options, MFACTL_STDOUT)) {
        return add_key(ctl, NULL, &old, &ring);
    }

    if (ctl->conf.keys == NULL) {
        return mfactl_print_error(ctl, MFACTL_USAGE, "%s has no mfa_keys",
                                  ctl->conf.file);
    }

    /* Where a link points, or its name would be all that is replaced. */
    path = realpath(ctl->conf.keys, NULL);
    mfa_buf_init(&why, room, sizeof(room));

    if (path != NULL && mfactl_keys_read(path, &old, &ring, &why) != 0) {
        status = mfactl_print_error(ctl, MFACTL_REFUSED, "%.*s", (int) why.len,
                                    (const char *) room);

    } else if (path == NULL && errno != ENOENT) {
        status = mfactl_print_error(ctl, MFACTL_REFUSED, "%s: %s",
                                    ctl->conf.keys, strerror(errno));
    } else {
        status = add_key(ctl, path != NULL ? path : ctl->conf.keys, &old,
                         &ring);
    }

    mfactl_file_free(&old);
    mfa_wipe(&ring, sizeof(ring));
    free(path);

    return status;
}


int
mfactl_keys_list(mfactl_t *ctl)
{
    size_t          i;
    json_t         *doc, *keys;
    uint8_t         room[512];
    mfa_buf_t       why;
    mfactl_file_t   file;
    mfa_keyring_t   ring;

    if (ctl->conf.keys == NULL) {
        return mfactl_print_error(ctl, MFACTL_USAGE, "%s has no mfa_keys",
                                  ctl->conf.file);
    }

    mfa_buf_init(&why, room, sizeof(room));

    if (mfactl_keys_read(ctl->conf.keys, &file, &ring, &why) != 0) {
        return mfactl_print_error(ctl, MFACTL_REFUSED, "%.*s", (int) why.len,
                                  (const char *) room);
    }

    keys = mfactl_print_need(json_array());

    for (i = 0; i < ring.n; i++) {
        json_array_append_new(keys, mfactl_print_text(
                              (mfa_str_t) { ring.keys[i].id,
                                            ring.keys[i].id_len }));

        if (!ctl->json) {
            printf("%s\n", json_string_value(json_array_get(keys, i)));
        }
    }

    mfactl_file_free(&file);
    mfa_wipe(&ring, sizeof(ring));

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "keys", keys);

    if (ctl->json) {
        mfactl_print(ctl, doc, NULL, NULL);
    } else {
        json_decref(doc);
    }

    return MFACTL_DONE;
}
