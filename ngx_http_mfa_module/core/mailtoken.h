/*
 * Mail tokens: what a mailed link carries.  256 random bits, in the link as
 * base64url, in the store as a record under their hash; made when the mail is
 * sent, so no secret waits in the outbox and a link's time does not run while a
 * mail server is down.
 *
 * A token is good for one purpose, one account and one generation of it, for
 * MFA_MAILTOKEN_SEC, once, and only as long as no younger one was sent to the
 * account and its address is the one that the mail went to (security 87, 88, 90).
 * It never is a login by itself: with SETUP and RESET the password is asked, with
 * PASSWORD a new one is set and the factor, if there is one, asked for (security
 * 89).
 */

#ifndef MFA_MAILTOKEN_H
#define MFA_MAILTOKEN_H

#include "core/account.h"
#include "core/portal.h"

#define MFA_MAILTOKEN_SEC         3600
#define MFA_MAILTOKEN_RECORD_MAX  384       /* bytes */

typedef enum {
    MFA_MAILTOKEN_NONE = 0,
    MFA_MAILTOKEN_SETUP,                    /* page setup: a login */
    MFA_MAILTOKEN_RESET,                    /* page setup: a login that may put
                                               another factor in place */
    MFA_MAILTOKEN_PASSWORD,                 /* page password: a new one */
    MFA_MAILTOKEN_N
} mfa_mailtoken_e;

typedef struct {
    mfa_mailtoken_e  purpose;
    mfa_str_t        portal;
    mfa_str_t        login;
    int64_t          generation;            /* the account's when it was made */
    int64_t          expires;               /* Unix time */
    uint8_t          address[MFA_HASH_CHARS];   /* hash of where it went */
} mfa_mailtoken_t;

/* Fills address; 0, or -1 when OpenSSL fails. */
int mfa_mailtoken_address(mfa_mailtoken_t *token, mfa_str_t email);
/* Whether that is the address it was sent to. */
int mfa_mailtoken_went_to(const mfa_mailtoken_t *token, mfa_str_t email);

/* Appends the record of token for its hash. */
void mfa_mailtoken_encode(mfa_buf_t *out, const mfa_mailtoken_t *token,
    mfa_str_t hash);
/* Reads a record, its views point into it; 0, or -1 when it is none, or not one
   of this hash (then *token is zeroed). */
int mfa_mailtoken_decode(mfa_mailtoken_t *token, mfa_str_t record,
    mfa_str_t hash);

/* Makes a new one: its text (MFA_TOKEN_CHARS bytes, a secret) and its hash
   (MFA_HASH_CHARS).  0, or -1 without randomness. */
int mfa_mailtoken_make(mfa_random_fn random, uint8_t *text, uint8_t *hash);
/* The hash of a text that came with a link; 0, or -1 when it is not of the
   form. */
int mfa_mailtoken_hash(mfa_str_t text, uint8_t *hash);

/* Whether it still holds for the account, which it names, now; newest is the
   hash of the token sent to the account last. */
int mfa_mailtoken_good(const mfa_mailtoken_t *token, mfa_str_t hash,
    mfa_str_t newest, const mfa_portal_t *portal, const mfa_account_t *account,
    int64_t now);

#endif /* MFA_MAILTOKEN_H */
