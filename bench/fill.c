/*
 * Accounts and sessions in the very shape in which the product writes them, as
 * commands for "redis-cli --pipe": how much memory a session takes and whether a
 * login is as fast among a million of them is measured with what is made here.
 *
 *   fill PORTAL ACCOUNTS SESSIONS [KEYS COOKIES N]
 *
 * Sessions are dealt out evenly.  Every account has a password, a factor and the
 * requirement of one, every session went through a code some time in the last
 * six hours; one in four is from an IPv6 address, one in six has a user agent
 * that says nothing.  With the key ring KEYS, the values of N cookies of sessions
 * far apart go to the file COOKIES, one a line.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/provision.h"
#include "core/store.h"
#include "wire/codec.h"

#define SPREAD_SEC  (6 * 3600)
#define RING_BYTES  8192

typedef struct {
    mfa_portal_t   portal;
    mfa_env_t      env;
    mfa_keyring_t  ring;
    FILE          *cookies;
    long           sessions;
    long           wanted;                  /* cookies */
} fill_t;

static uint64_t  state = 88172645463325252u;


/* Nobody shall log in with these: the same in every run, and fast. */
static int
not_random(uint8_t *buf, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        buf[i] = (uint8_t) (state >> 32);
    }

    return 0;
}


static void
need(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "fill: %s\n", what);
        exit(1);
    }
}


static void
send_op(mfa_op_t *op)
{
    static uint8_t  out[2 * MFA_OP_BYTES + 64 * MFA_OP_ARGS_MAX];

    need(!op->failed && mfa_wire_size(op) <= sizeof(out), "an op does not fit");
    need(fwrite(out, (size_t) (mfa_wire_write(op, out) - out), 1, stdout) == 1,
         "cannot write");
    mfa_op_reset(op);
}


__attribute__((format(printf, 3, 4))) static mfa_str_t
print(char *room, size_t size, const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    vsnprintf(room, size, format, args);
    va_end(args);

    return mfa_str_from(room);
}


static void
number(mfa_change_t *change, mfa_account_field_e field, int64_t n)
{
    memset(change, 0, sizeof(mfa_change_t));
    change->field = field;
    change->number = n;
    change->is_number = 1;
}


static void
text(mfa_change_t *change, mfa_account_field_e field, mfa_str_t s)
{
    memset(change, 0, sizeof(mfa_change_t));
    change->field = field;
    change->text = s;
}


/* Returns its generation. */
static int64_t
account(fill_t *fill, long i, mfa_str_t login)
{
    char              name[64], id[16];
    size_t            n;
    int64_t           generation;
    mfa_change_t      changes[10];
    static mfa_op_t   op;
    static uint8_t    sealed[96], hashed[] =
        "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7";

    need(mfa_provision_generation(&fill->env, &generation) == 0, "generation");
    memset(sealed, 'A', sizeof(sealed));

    n = 0;
    number(&changes[n++], MFA_ACCOUNT_CREATED, fill->env.now - SPREAD_SEC);
    number(&changes[n++], MFA_ACCOUNT_GENERATION, generation);
    number(&changes[n++], MFA_ACCOUNT_REQUIRED, 1);
    number(&changes[n++], MFA_ACCOUNT_ENROLLED, fill->env.now - SPREAD_SEC);
    text(&changes[n++], MFA_ACCOUNT_EMAIL, login);
    text(&changes[n++], MFA_ACCOUNT_NAME,
         print(name, sizeof(name), "Member Number %ld", i));
    text(&changes[n], MFA_ACCOUNT_SECRET_ID,
         print(id, sizeof(id), "%011ld", i));
    changes[n + 1] = changes[n];
    changes[++n].field = MFA_ACCOUNT_VALIDATED;
    n++;
    text(&changes[n++], MFA_ACCOUNT_SECRET,
         (mfa_str_t) { sealed, sizeof(sealed) });
    text(&changes[n++], MFA_ACCOUNT_PASSWORD,
         (mfa_str_t) { hashed, sizeof(hashed) - 1 });

    mfa_op_reset(&op);
    mfa_op_multi(&op);
    mfa_store_account_change(&op, &fill->portal, login, changes, n, 0);
    mfa_store_account_index(&op, &fill->portal, login, 1, 1, -1);
    mfa_op_exec(&op);
    send_op(&op);

    return generation;
}


static void
cookie(fill_t *fill, const mfa_session_token_t *token)
{
    uint8_t    room[MFA_SESSION_COOKIE_MAX];
    mfa_buf_t  b;

    mfa_buf_init(&b, room, sizeof(room));
    need(mfa_session_token_encode(token, &fill->ring, &b) == 0, "cookie");
    fprintf(fill->cookies, "%.*s\n", (int) b.len, (const char *) room);
}


static void
session(fill_t *fill, long i, mfa_str_t login, int64_t generation)
{
    char                  address[64];
    int64_t               usec;
    mfa_str_t             hash;
    mfa_session_t         s;
    static mfa_op_t       op;
    mfa_session_token_t   token;

    static const char *const  agents[] = {
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, "
        "like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605."
        "1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/126.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        "python-requests/2.31.0"
    };

    memset(&s, 0, sizeof(s));
    s.portal = fill->portal.name;
    s.login = login;
    s.generation = generation;
    s.level = MFA_LEVEL_MFA;
    s.created = fill->env.now - i % SPREAD_SEC;
    s.expires = s.created + fill->portal.absolute_sec;
    s.seen = s.created;
    s.password_at = s.created;
    s.code_at = s.created + 10 + i % 20;
    s.agent = mfa_agent_of(mfa_str_from(agents[i % 6]));
    s.address = mfa_address_of(i % 4
        ? print(address, sizeof(address), "10.%ld.7.%ld", i / 199 % 199, i % 199)
        : print(address, sizeof(address), "2001:db8:%lx::%lx", i / 4 % 0xfff + 1,
                i % 0xfff + 1));

    need(mfa_session_token_make(&token, not_random, login) == 0, "token");
    hash = (mfa_str_t) { token.hash, MFA_HASH_CHARS };
    usec = i % 1000000;

    /* Nobody else is there, so it needs no transaction. */
    mfa_op_reset(&op);
    mfa_store_session_index(&op, &fill->portal, &s, usec, hash);

    /* At work since. */
    s.seen = fill->env.now;
    mfa_store_session_write(&op, &fill->portal, &s, hash);
    send_op(&op);

    if (fill->wanted && i * fill->wanted / fill->sessions
                        != (i + 1) * fill->wanted / fill->sessions)
    {
        cookie(fill, &token);
    }
}


static void
with_cookies(fill_t *fill, char **argv)
{
    char         room[RING_BYTES];
    FILE        *file;
    size_t       len;
    unsigned     line;
    const char  *why;

    file = fopen(argv[0], "rb");
    need(file != NULL, "cannot open the key ring");
    len = fread(room, 1, sizeof(room), file);
    fclose(file);
    need(mfa_keyring_parse(&fill->ring, (mfa_str_t) { (uint8_t *) room, len },
                           &line, &why) == 0, "the key ring is not one");

    fill->cookies = fopen(argv[1], "wb");
    need(fill->cookies != NULL, "cannot write the cookies");
    fill->wanted = strtol(argv[2], NULL, 10);
}


int
main(int argc, char **argv)
{
    long           i, accounts, done;
    char           name[64];
    int64_t        generation;
    mfa_str_t      login;
    static fill_t  fill;

    need(argc == 4 || argc == 7,
         "PORTAL ACCOUNTS SESSIONS [KEYS COOKIES N]");
    accounts = strtol(argv[2], NULL, 10);
    fill.sessions = strtol(argv[3], NULL, 10);
    need(accounts > 0, "no accounts");
    need(mfa_portal_init(&fill.portal, mfa_str_from(argv[1])) == 0, "portal");
    fill.env.now = (int64_t) time(NULL);
    fill.env.random = not_random;
    fill.env.portal = &fill.portal;

    if (argc == 7) {
        with_cookies(&fill, argv + 4);
    }

    for (i = 0, done = 0; i < accounts; i++) {
        login = print(name, sizeof(name), "user%07ld@example.com", i);
        generation = account(&fill, i, login);

        for (/* void */; done < (i + 1) * fill.sessions / accounts; done++) {
            session(&fill, done, login, generation);
        }
    }

    need(fflush(stdout) == 0, "cannot write");
    need(fill.cookies == NULL || fclose(fill.cookies) == 0,
         "cannot write the cookies");

    return 0;
}
