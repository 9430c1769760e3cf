/*
 * A portal: a guarded site with its own population of accounts and its own
 * rules, as written in an mfa_portal block.  nginx and mfactl read the block
 * with tokenizers of their own and hand every directive to mfa_portal_set, so
 * that both mean the same by it and complain in the same words.
 */

#ifndef MFA_PORTAL_H
#define MFA_PORTAL_H

#include "core/totp.h"

#define MFA_PORTAL_NAME_MAX  32             /* characters of [a-z0-9_-] */
#define MFA_PORTAL_LOCALES_MAX  8
#define MFA_REMEMBER_MAX_SEC (90 * 86400)
#define MFA_GRACE_MAX_SEC    (365 * 86400)  /* features.md: 0..365 days */

typedef enum {
    MFA_REQUIRE_ACCOUNT = 0,                /* what the account says */
    MFA_REQUIRE_ALL,                        /* everybody */
    MFA_REQUIRE_NEW_SINCE                   /* accounts made on or after a date */
} mfa_require_e;

/* Who looks at the first factor. */
typedef enum {
    MFA_FIRST_LOCAL = 0,                    /* the account's password record */
    MFA_FIRST_REQUEST,                      /* an internal location of nginx */
    MFA_FIRST_IDENTITY                      /* nginx has, before the login page */
} mfa_first_e;

/* What an account is sent when MFA becomes required. */
typedef enum {
    MFA_ON_REQUIRE_SETUP = 0,               /* how to set it up */
    MFA_ON_REQUIRE_PASSWORD,                /* the same, with a new password */
    MFA_ON_REQUIRE_NONE
} mfa_on_require_e;

/* n attempts in a window of window_sec seconds. */
typedef struct {
    int64_t            n;
    int64_t            window_sec;
} mfa_limit_t;

typedef struct {
    mfa_str_t          name;
    mfa_str_t          issuer;
    mfa_str_t          pages;               /* path, with '/' at both ends */

    mfa_first_e        first;
    mfa_str_t          first_at;            /* location, or variable without '$' */
    int                provision;           /* first login makes the account */
    int                combined;            /* password and code in one form */

    mfa_require_e      require;
    int64_t            new_since;           /* Unix time */
    int64_t            grace_sec;

    int64_t            idle_sec;
    int64_t            absolute_sec;
    int64_t            half_sec;            /* password to code */
    int64_t            recheck_sec;         /* open answers are judged again */
    int64_t            max_sessions;        /* for each account */

    int64_t            remember_sec;        /* trust in a browser; 0: off */

    mfa_totp_params_t  totp;

    mfa_limit_t        limit_password;      /* for an account from one network */
    mfa_limit_t        limit_code;          /* for an account */
    mfa_limit_t        limit_address;       /* for a network, all accounts */

    mfa_str_t          cookie_name;         /* empty: mfa_portal_finish names it */
    mfa_str_t          cookie_plain;        /* its name on plain http (auto) */
    mfa_str_t          cookie_domain;
    int                cookie_strict;       /* SameSite=Strict instead of Lax */
    int                cookie_auto;         /* no Secure on plain http: loopback */

    int                directory_mfa;       /* directory accounts may be required */

    mfa_str_t          mail_from;           /* empty: this portal sends none */
    mfa_str_t          base_url;            /* of links in mails, without '/' at
                                               the end; empty: there are none */
    int                mail_new_network;    /* tell of logins from new networks */
    mfa_on_require_e   on_require;
    int                self_reset_off;

    mfa_str_t          brand_name;
    mfa_str_t          brand_color;         /* #rgb or #rrggbb */
    mfa_str_t          locales[MFA_PORTAL_LOCALES_MAX];
    size_t             n_locales;

    unsigned           seen;                /* directives met: bits of the table */
} mfa_portal_t;

/*
 * Sets the defaults of a portal called name.  0, or -1 when name is no portal
 * name (1..MFA_PORTAL_NAME_MAX of [a-z0-9_-], beginning with a letter; not
 * "off").
 */
int mfa_portal_init(mfa_portal_t *portal, mfa_str_t name);

/*
 * Applies one directive of the block: argv[0] is its name, argv[1 .. n) its
 * parameters.  The portal keeps views of the parameters.  0, or -1 with a
 * sentence appended to why ("invalid value ..."), the portal unchanged in that
 * directive.
 */
int mfa_portal_set(mfa_portal_t *portal, const mfa_str_t *argv, size_t n,
    mfa_buf_t *why);

/*
 * What the directives together must say; call at the end of the block.  A
 * cookie name not set is written into room, which must live as long as the
 * portal (MFA_COOKIE_NAME_MAX bytes are enough).  0, or -1 with why.
 */
int mfa_portal_finish(mfa_portal_t *portal, mfa_buf_t *room, mfa_buf_t *why);

/* How many wrong codes in a row disable an account's factor: security.md 15. */
int64_t mfa_portal_code_run_max(const mfa_portal_t *portal);

#endif /* MFA_PORTAL_H */
