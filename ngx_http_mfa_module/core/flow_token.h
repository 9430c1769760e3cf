/*
 * Flow token: tokens of the API, made, listed and revoked by an admin or by
 * mfactl; and flow bearer, which asks of every request with one whose it is.
 */

#ifndef MFA_FLOW_TOKEN_H
#define MFA_FLOW_TOKEN_H

#include "core/flow_admin.h"
#include "core/flow_gate.h"
#include "core/store_token.h"

typedef enum {
    MFA_TOKEN_LIST = 0,
    MFA_TOKEN_ADD,
    MFA_TOKEN_REVOKE
} mfa_token_e;

typedef struct {
    mfa_str_t       hash;                   /* show mfa_session_short of it */
    mfa_apitoken_t  token;
} mfa_listed_token_t;

typedef struct {
    mfa_flow_t          flow;               /* first: the flow is this; env.portal
                                               is the portal admins log in to */

    /* Set by the caller. */
    mfa_token_e         action;
    mfa_by_t            by;                 /* who acts; portal NULL: mfactl */
    mfa_str_t           actor;              /* for the audit */
    mfa_str_t           login;              /* ADD by mfactl: whose it will be;
                                               else it is by.login's */
    mfa_str_t           name;               /* ADD */
    mfa_role_e          role;               /* ADD */
    int64_t             life_sec;           /* ADD: 1..MFA_APITOKEN_LIFE_MAX */
    mfa_str_t           ref;                /* REVOKE: mfa_session_short */

    /* Results. */
    uint8_t             text[MFA_APITOKEN_CHARS];   /* ADD: show once, wipe */
    uint8_t             hash[MFA_HASH_CHARS];       /* ADD */
    mfa_listed_token_t  tokens[MFA_APITOKENS_MAX];  /* LIST; REVOKE: [0] */
    size_t              n_tokens;
    mfa_why_e           why;

    /* The flow's own. */
    int                 tries;
    mfa_at_t            list_at;
    mfa_at_t            by_at;
    mfa_at_t            maker_at;
    mfa_at_t            at[MFA_OP_COMMANDS_MAX];
    mfa_str_t           hashes[MFA_APITOKENS_MAX];
    size_t              n_hashes;
    size_t              n_read;
    size_t              n_asked;
    mfa_account_t       maker;
    mfa_outcome_e       ending;
    uint8_t             by_token[MFA_BY_TOKEN_MAX]; /* told to the audit */
} mfa_flow_token_t;

/*
 * Outcomes: DONE; ABSENT (ADD: no such maker; REVOKE: no such token); FORBIDDEN
 * (why RIGHT: who acts may not, or the role is above the maker's); CONFLICT (why
 * BUSY: the maker's account keeps changing; EXISTS: there are MFA_APITOKENS_MAX
 * already); REFUSED (name, role, life or ref cannot be); UNAVAILABLE.
 */
void mfa_flow_token_init(mfa_flow_token_t *token);


/* For flow_token.c: who may, in token_right.c.  found and by say whether the
   account beside them is there. */

/* See tokens, and give one the role given. */
int mfa_token_may(const mfa_flow_token_t *token, mfa_tri_e found,
    const mfa_account_t *account, mfa_role_e given);
/* Make the one that token describes, for token->maker. */
int mfa_token_may_make(const mfa_flow_token_t *token);
/* End one of token->maker's; there: whether he is. */
int mfa_token_may_end(const mfa_flow_token_t *token, mfa_tri_e there,
    mfa_tri_e by, const mfa_account_t *by_account);


typedef struct {
    mfa_flow_t      flow;                   /* first: the flow is this; env.portal
                                               is the portal admins log in to */
    /* Set by the caller. */
    mfa_str_t       text;                   /* what stands behind "Bearer " */

    /* Results, with DONE. */
    mfa_apitoken_t  token;
    mfa_account_t   maker;
    mfa_role_e      maker_role;             /* mfa_right_role of it, now */
    mfa_by_t        by;                     /* for flow admin and flow token */
    int             touch;                  /* flow.op holds a write that should
                                               be sent and not waited for */

    /* The flow's own. */
    mfa_at_t        token_at;
    mfa_at_t        maker_at;
    uint8_t         hash[MFA_HASH_CHARS];
} mfa_flow_bearer_t;

/*
 * Two operations.  Outcomes: DONE; REFUSED (not of the form, no such token,
 * expired, revoked, or its maker is gone or may nothing any more: one answer for
 * all of them); UNAVAILABLE.
 */
void mfa_flow_bearer_init(mfa_flow_bearer_t *bearer);

#endif /* MFA_FLOW_TOKEN_H */
