/*
 * Passwords of accounts, see password.h.  The work of hashing is libcrypt's;
 * whatever held a password is wiped before it is given back.
 */

#include "cli/password.h"
#include "core/password.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>


/* Turns the echo off; what was there before in *saved.  0 for no terminal. */
static int
silence(struct termios *saved)
{
    struct termios  silent;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, saved) != 0) {
        return 0;
    }

    silent = *saved;
    silent.c_lflag &= ~(tcflag_t) ECHO;

    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
}


/* Byte by byte: what stands behind the line is somebody else's. */
static int
read_line(mfa_buf_t *room, mfa_buf_t *why)
{
    ssize_t  n;
    uint8_t  c;

    for ( ;; ) {
        n = read(STDIN_FILENO, &c, 1);

        if (n < 0 && errno == EINTR) {
            continue;
        }

        if (n < 0) {
            mfa_buf_cstr(why, "standard input: ");
            mfa_buf_cstr(why, strerror(errno));
            return -1;
        }

        if (n == 0 || c == '\n') {
            return 0;
        }

        /* Too long a line fills the room and is refused for its length. */
        if (room->len < room->cap) {
            mfa_buf_byte(room, c);
        }
    }
}


int
mfactl_password_read(mfa_buf_t *room, mfa_buf_t *why)
{
    int             rc, silent;
    struct termios  saved;

    silent = silence(&saved);

    if (silent) {
        fputs("Password: ", stderr);
    }

    rc = read_line(room, why);

    if (silent) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
        fputc('\n', stderr);
    }

    return rc;
}


/* crypt_r of a password against a setting, appended; 0 or -1. */
static int
hash(mfa_str_t password, const char *setting, mfa_buf_t *out)
{
    int                 rc;
    char               *phrase;
    const char         *made;
    struct crypt_data  *data;

    rc = -1;
    phrase = malloc(password.len + 1);
    data = calloc(1, sizeof(struct crypt_data));

    if (phrase != NULL && data != NULL) {
        if (password.len) {
            memcpy(phrase, password.data, password.len);
        }

        phrase[password.len] = '\0';
        made = crypt_r(phrase, setting, data);

        /* "*0" and "*1" are libcrypt's way to say no. */
        if (made != NULL && made[0] != '*') {
            mfa_buf_cstr(out, made);
            rc = out->failed ? -1 : 0;
        }

        mfa_wipe(phrase, password.len);
        mfa_wipe(data, sizeof(struct crypt_data));
    }

    free(phrase);
    free(data);

    return rc;
}


int
mfactl_password_hash(mfa_str_t password, mfa_buf_t *out)
{
    char  setting[CRYPT_GENSALT_OUTPUT_SIZE];

    if (crypt_gensalt_rn(MFA_PASSWORD_PREFIX, 0, NULL, 0, setting,
                         sizeof(setting)) == NULL)
    {
        return -1;
    }

    return hash(password, setting, out);
}


mfa_tri_e
mfactl_password_check(const mfa_hash_ask_t *ask)
{
    char       setting[MFA_HASH_TEXT_MAX];
    uint8_t    room[MFA_HASH_TEXT_MAX];
    mfa_buf_t  made;
    mfa_str_t  against;
    mfa_tri_e  answer;

    against = ask->setting.len ? ask->setting
                               : mfa_str_from(mfa_password_dummy);

    if (against.len >= sizeof(setting)) {
        return MFA_UNKNOWN;
    }

    memcpy(setting, against.data, against.len);
    setting[against.len] = '\0';
    mfa_buf_init(&made, room, sizeof(room));

    if (hash(ask->password, setting, &made) != 0) {
        return MFA_UNKNOWN;
    }

    answer = ask->setting.len
             && mfa_str_eq_secret(mfa_buf_since(&made, 0), against)
             ? MFA_YES : MFA_NO;

    mfa_wipe(room, sizeof(room));

    return answer;
}
