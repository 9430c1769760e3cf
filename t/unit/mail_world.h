/*
 * What the tests of mailed links share: a portal that sends them, accounts with an
 * address, and a token as the mailer writes it.
 */

#ifndef MFA_TEST_MAIL_WORLD_H
#define MFA_TEST_MAIL_WORLD_H

#include "core/store_mail.h"
#include "flow_failure.h"

#define NEW       "a-brand-new-one"
#define OUTBOX    "mfa:{user}:outbox"


/* A portal that sends links; alice, bob and their addresses. */
static inline void
mail_world(world_t *w, standing_t alice)
{
    w->portal.mail_from = mfa_lit("mfa@example.com");
    w->portal.base_url = mfa_lit("https://portal.example.com");

    world_account(w, "alice", alice);
    world_account(w, "bob", (standing_t) { .generation = 7 });
    store_put(&w->store, ACCOUNT "alice", "email", mfa_lit("Al@example.com"));
    store_put(&w->store, ACCOUNT "bob", "email", mfa_lit("bob@example.com"));
}


/* A token as the mailer leaves it, for the account's address of now; text has
   MFA_TOKEN_CHARS bytes. */
static inline mfa_str_t
mail_token(world_t *w, mfa_mailtoken_t token, uint8_t *text)
{
    mfa_op_t   *op = store_block(sizeof(mfa_op_t));
    char        key[STORE_NAME_BYTES];
    uint8_t     hash[MFA_HASH_CHARS];

    if (token.portal.len == 0) {
        token.portal = w->portal.name;
    }

    if (token.expires == 0) {
        token.expires = w->store.now + MFA_MAILTOKEN_SEC;
    }

    snprintf(key, sizeof(key), ACCOUNT "%.*s", (int) token.login.len,
             (const char *) token.login.data);
    assert_int_equal(mfa_mailtoken_address(&token, store_bytes(&w->store, key,
                                                               "email")), 0);
    assert_int_equal(mfa_mailtoken_make(world_random, text, hash), 0);
    mfa_op_reset(op);
    mfa_op_multi(op);
    mfa_store_mailtoken_write(op, &w->portal, &token,
                              (mfa_str_t) { hash, sizeof(hash) });
    mfa_op_exec(op);
    assert_false(op->failed);
    store_carry_out(&w->store, op);

    return (mfa_str_t) { text, MFA_TOKEN_CHARS };
}

#endif /* MFA_TEST_MAIL_WORLD_H */
