/*
 * An account as the store holds it: the state, not the history.  One hash in
 * Redis, one field a line in MFA_ACCOUNT_FIELDS; what is decided from it is in
 * policy.h, what changes it in flow_admin.h and flow_enrol.h.
 */

#ifndef MFA_ACCOUNT_H
#define MFA_ACCOUNT_H

#include "core/reply.h"
#include "core/token.h"

#define MFA_EMAIL_MAX     254               /* bytes, RFC 5321 */
#define MFA_NAME_MAX      128               /* bytes of a display name */
#define MFA_DIRECTORY_MAX 128               /* bytes of its owner's name */
#define MFA_SECRET_ID_CHARS  11             /* base64url of 8 random bytes */

/*
 * Every field: enumerator, name in Redis.  The order is the order in which they
 * are asked for; the gate asks for all up to and including secret, so what no
 * request needs stands behind it.
 */
#define MFA_ACCOUNT_FIELDS(X)                                                 \
    X(CREATED,    "created")    /* Unix time; an account without it is none */\
    X(EMAIL,      "email")                                                    \
    X(NAME,       "name")                                                     \
    X(ROLE,       "role")                                                     \
    X(GENERATION, "generation") /* sessions of another one are void */        \
    X(DISABLED,   "disabled")   /* 1: an admin switched it off */             \
    X(REQUIRED,   "required")   /* 1: an admin requires MFA */                \
    X(DEADLINE,   "deadline")   /* Unix time, 0: at once; set only once */    \
    X(ENROLLED,   "enrolled")   /* Unix time of the confirming code */        \
    X(SECRET_ID,  "secret_id")  /* names the key; bound into the sealed text */\
    X(VALIDATED,  "validated")  /* the secret_id that saw two codes */        \
    X(SECRET,     "secret")     /* sealed, see seal.h */                      \
    X(DIRECTORY,  "directory")  /* who owns the account; empty: nobody */     \
    X(VERSION,    "version")    /* raised by every change */                  \
    X(LOCALE,     "locale")                                                   \
    X(WIDGET,     "widget")     /* "off": its home page goes without it */    \
    X(RESET,      "reset")      /* Unix time an admin took the factor away; of\
                                   interest only while there is none */       \
    X(PASSWORD,   "password")   /* crypt(5) */

typedef enum {
#define MFA_ACCOUNT_ENUM(id, name)  MFA_ACCOUNT_##id,
    MFA_ACCOUNT_FIELDS(MFA_ACCOUNT_ENUM)
#undef MFA_ACCOUNT_ENUM
    MFA_ACCOUNT_N
} mfa_account_field_e;

#define MFA_ACCOUNT_GATE_N  (MFA_ACCOUNT_SECRET + 1)
#define MFA_ACCOUNT_ROW_N   (MFA_ACCOUNT_VERSION + 1)   /* a row of a list */

extern const char *const  mfa_account_field_names[MFA_ACCOUNT_N];

typedef struct {
    mfa_str_t  login;
    mfa_str_t  email;
    mfa_str_t  name;
    mfa_str_t  role;
    mfa_str_t  directory;
    mfa_str_t  secret_id;
    mfa_str_t  secret;
    mfa_str_t  locale;
    mfa_str_t  password;                    /* empty: none, or not asked for */
    int64_t    created;
    int64_t    generation;
    int64_t    version;
    int64_t    deadline;                    /* -1: never set; 0: at once */
    int64_t    enrolled;                    /* 0: not enrolled */
    int64_t    reset;                       /* not asked for, or never: 0 */
    int        required;
    int        disabled;
    int        widget_off;                  /* not asked for: 0 */
    int        validated;
    int        fault;                       /* fields that contradict each other */
} mfa_account_t;

/*
 * Reads the answer to an HMGET of the first n fields (MFA_ACCOUNT_GATE_N,
 * MFA_ACCOUNT_ROW_N or MFA_ACCOUNT_N).  The account's views point into the reply and at login.
 *   MFA_YES      an account; look at fault: factor data that is missing or
 *                unreadable although the account is enrolled (or left over
 *                although it is not) sets it, and the policy denies
 *   MFA_NO       there is no such account
 *   MFA_UNKNOWN  not the shape of such an answer: deny, say the store is down
 */
mfa_tri_e mfa_account_decode(mfa_account_t *account, mfa_str_t login,
    const mfa_reply_t *reply, size_t n);

/* Whether s can be an e-mail address: all of it seen (visible.h), one '@', no
   blanks, length. */
int mfa_email_check(mfa_str_t s);

#endif /* MFA_ACCOUNT_H */
