/*
 * Flow token, see flow_token.h:
 *
 *   list:    hashes, who acts -> records, some at a time
 *   add:     watch maker -> write, or let go of the watch
 *   revoke:  hashes, who acts -> its record -> its maker -> end it
 *
 * Who may is in token_right.c.
 */

#include "core/flow_token.h"

#include <string.h>

#define READ_AT_ONCE  30                    /* records of one operation */
#define ADD_TRIES     5

enum { START, LISTED, READ, WATCHED, WRITTEN, LET_GO, FOUND, MAKER, ENDED };


static mfa_flow_e
forbid(mfa_flow_token_t *token)
{
    token->why = MFA_WHY_RIGHT;

    return mfa_flow_end(&token->flow, MFA_OUTCOME_FORBIDDEN);
}


/* --- beginning --- */

static mfa_str_t
maker_login(const mfa_flow_token_t *token)
{
    return token->by.portal != NULL ? token->by.login : token->login;
}


static mfa_flow_e
watch(mfa_flow_token_t *token)
{
    mfa_op_t         *op;
    const mfa_env_t  *env;

    env = &token->flow.env;
    op = mfa_flow_next(&token->flow, WATCHED);
    token->maker_at = mfa_store_account_watch(op, env->portal,
                                              maker_login(token));
    /* And the list: of two at once the second counts again. */
    mfa_store_token_watch(op, env->portal);
    token->list_at = mfa_store_token_list(op, env->portal, env->now);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
list(mfa_flow_token_t *token)
{
    mfa_op_t         *op;
    const mfa_env_t  *env;

    env = &token->flow.env;
    op = mfa_flow_next(&token->flow, LISTED);
    token->list_at = mfa_store_token_list(op, env->portal, env->now);

    if (token->by.portal != NULL) {
        token->by_at = mfa_store_account_read(op, token->by.portal,
                                              token->by.login, MFA_ACCOUNT_N);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
start(mfa_flow_token_t *token)
{
    int  good;

    switch (token->action) {
    case MFA_TOKEN_ADD:
        good = mfa_apitoken_name_check(token->name)
               && mfa_role_name(token->role)[0] != '\0'
               && token->life_sec > 0
               && token->life_sec <= MFA_APITOKEN_LIFE_MAX
               && mfa_login_check(maker_login(token));
        break;
    case MFA_TOKEN_REVOKE:
        good = token->ref.len == MFA_SESSION_SHORT;
        break;
    default:
        good = token->action == MFA_TOKEN_LIST;
    }

    if (!good) {
        return mfa_flow_end(&token->flow, MFA_OUTCOME_REFUSED);
    }

    /* Tokens are of the portal that who acts has logged in to. */
    if (token->by.portal != NULL
        && !mfa_str_eq(token->by.portal->name, token->flow.env.portal->name))
    {
        return forbid(token);
    }

    if (token->action != MFA_TOKEN_ADD) {
        return list(token);
    }

    /* One that got out must not make others that live on without it. */
    return token->by.by_token ? forbid(token) : watch(token);
}


/* The hashes of a list; 0 or -1. */
static int
take_hashes(mfa_flow_token_t *token, const mfa_result_t *result)
{
    size_t              i;
    const mfa_reply_t  *reply;

    reply = mfa_op_reply(&token->flow.op, result, token->list_at);

    if (reply == NULL || reply->type != MFA_REPLY_ARRAY
        || reply->n > MFA_APITOKENS_MAX)
    {
        return -1;
    }

    for (i = 0; i < reply->n; i++) {
        if (reply->elements[i].type != MFA_REPLY_STRING) {
            return -1;
        }

        token->hashes[i] = reply->elements[i].str;
    }

    token->n_hashes = reply->n;

    return 0;
}


/* --- looking --- */

static mfa_flow_e
read_some(mfa_flow_token_t *token)
{
    size_t     i;
    mfa_op_t  *op;

    op = mfa_flow_next(&token->flow, READ);

    for (i = 0; i < READ_AT_ONCE && token->n_read + i < token->n_hashes; i++) {
        token->at[i] = mfa_store_token_read(op, token->flow.env.portal,
                                            token->hashes[token->n_read + i]);
    }

    token->n_asked = i;

    return op->n ? MFA_FLOW_STORE
                 : mfa_flow_end(&token->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
records_read(mfa_flow_token_t *token, const mfa_result_t *result)
{
    size_t               i;
    mfa_tri_e            found;
    mfa_listed_token_t  *row;

    for (i = 0; i < token->n_asked; i++) {
        row = &token->tokens[token->n_tokens];
        row->hash = token->hashes[token->n_read + i];
        found = mfa_store_token_decode(&token->flow.op, result, token->at[i],
                                       token->flow.env.portal, row->hash,
                                       &row->token);
        if (found == MFA_UNKNOWN) {
            return mfa_flow_end(&token->flow, MFA_OUTCOME_UNAVAILABLE);
        }

        if (found == MFA_YES && token->flow.env.now < row->token.expires) {
            token->n_tokens++;
        }
    }

    token->n_read += token->n_asked;

    return read_some(token);
}


/* --- revoking --- */

static mfa_flow_e
find(mfa_flow_token_t *token)
{
    size_t               i;
    mfa_listed_token_t  *row;

    row = &token->tokens[0];

    for (i = 0; i < token->n_hashes; i++) {
        if (mfa_str_eq(mfa_session_short(token->hashes[i]), token->ref)) {
            row->hash = token->hashes[i];
            token->at[0] =
                mfa_store_token_read(mfa_flow_next(&token->flow, FOUND),
                                     token->flow.env.portal, row->hash);
            return MFA_FLOW_STORE;
        }
    }

    return mfa_flow_end(&token->flow, MFA_OUTCOME_ABSENT);
}


static mfa_flow_e
found(mfa_flow_token_t *token, const mfa_result_t *result)
{
    mfa_op_t            *op;
    mfa_tri_e            there;
    const mfa_env_t     *env;
    mfa_listed_token_t  *row;

    env = &token->flow.env;
    row = &token->tokens[0];
    there = mfa_store_token_decode(&token->flow.op, result, token->at[0],
                                   env->portal, row->hash, &row->token);
    if (there != MFA_YES) {
        return mfa_flow_end(&token->flow, there == MFA_NO
                                          ? MFA_OUTCOME_ABSENT
                                          : MFA_OUTCOME_UNAVAILABLE);
    }

    op = mfa_flow_next(&token->flow, MAKER);
    token->maker_at = mfa_store_account_read(op, env->portal, row->token.login,
                                             MFA_ACCOUNT_N);

    /* Again: he may have been demoted since. */
    if (token->by.portal != NULL) {
        token->by_at = mfa_store_account_read(op, token->by.portal,
                                              token->by.login, MFA_ACCOUNT_N);
    }

    return MFA_FLOW_STORE;
}


static void
note(mfa_flow_token_t *token, const char *event, mfa_str_t login,
    mfa_str_t name)
{
    mfa_audit_t  audit;

    audit = mfa_flow_audit(&token->flow, event, "ok", "", login);
    audit.actor = token->actor.len ? token->actor : token->by.login;
    audit.token = mfa_by_token(&token->by, token->by_token);
    audit.detail = name;
    mfa_store_audit(&token->flow.op, token->flow.env.portal, &audit);
}


static mfa_flow_e
revoke(mfa_flow_token_t *token, const mfa_result_t *result)
{
    mfa_op_t            *op;
    mfa_tri_e            there, by;
    mfa_account_t        by_account;
    const mfa_env_t     *env;
    mfa_listed_token_t  *row;

    env = &token->flow.env;
    op = &token->flow.op;
    row = &token->tokens[0];
    by = MFA_NO;
    there = mfa_store_account_decode(op, result, token->maker_at,
                                     row->token.login, MFA_ACCOUNT_N,
                                     &token->maker);

    if (token->by.portal != NULL) {
        by = mfa_store_account_decode(op, result, token->by_at, token->by.login,
                                      MFA_ACCOUNT_N, &by_account);
        if (by == MFA_UNKNOWN) {
            return mfa_flow_end(&token->flow, MFA_OUTCOME_UNAVAILABLE);
        }
    }

    if (there == MFA_UNKNOWN) {
        return mfa_flow_end(&token->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    if (!mfa_token_may_end(token, there, by, &by_account)) {
        return forbid(token);
    }

    op = mfa_flow_next(&token->flow, ENDED);
    mfa_op_multi(op);
    mfa_store_token_end(op, env->portal, row->hash);
    note(token, "token-revoke", row->token.login, row->token.name);
    mfa_op_exec(op);
    token->n_tokens = 1;

    return MFA_FLOW_STORE;
}


static mfa_flow_e
listed(mfa_flow_token_t *token, const mfa_result_t *result)
{
    mfa_tri_e      by;
    mfa_account_t  by_account;

    if (token->by.portal != NULL) {
        by = mfa_store_account_decode(&token->flow.op, result, token->by_at,
                                      token->by.login, MFA_ACCOUNT_N,
                                      &by_account);
        if (by == MFA_UNKNOWN) {
            return mfa_flow_end(&token->flow, MFA_OUTCOME_UNAVAILABLE);
        }

        if (!mfa_token_may(token, by, &by_account, MFA_ROLE_NONE)) {
            return forbid(token);
        }
    }

    if (take_hashes(token, result) != 0) {
        return mfa_flow_end(&token->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    return token->action == MFA_TOKEN_LIST ? read_some(token) : find(token);
}


/* --- making --- */

static mfa_flow_e
let_go(mfa_flow_token_t *token, mfa_outcome_e ending, mfa_why_e why)
{
    token->ending = ending;
    token->why = why;
    mfa_store_unwatch(mfa_flow_next(&token->flow, LET_GO));

    return MFA_FLOW_STORE;
}


static mfa_flow_e
watched(mfa_flow_token_t *token, const mfa_result_t *result)
{
    mfa_op_t         *op;
    mfa_str_t         hash;
    mfa_tri_e         there;
    mfa_apitoken_t    made;
    const mfa_env_t  *env;

    env = &token->flow.env;
    there = mfa_store_account_decode(&token->flow.op, result, token->maker_at,
                                     maker_login(token), MFA_ACCOUNT_N,
                                     &token->maker);

    if (there == MFA_UNKNOWN || take_hashes(token, result) != 0) {
        return let_go(token, MFA_OUTCOME_UNAVAILABLE, MFA_WHY_NONE);
    }

    if (there == MFA_NO && token->by.portal == NULL) {
        return let_go(token, MFA_OUTCOME_ABSENT, MFA_WHY_NONE);
    }

    if (there == MFA_NO || !mfa_token_may_make(token)) {
        return let_go(token, MFA_OUTCOME_FORBIDDEN, MFA_WHY_RIGHT);
    }

    if (token->n_hashes >= MFA_APITOKENS_MAX) {
        return let_go(token, MFA_OUTCOME_CONFLICT, MFA_WHY_EXISTS);
    }

    if (mfa_apitoken_make(env->random, token->text, token->hash) != 0) {
        return let_go(token, MFA_OUTCOME_UNAVAILABLE, MFA_WHY_NONE);
    }

    made = (mfa_apitoken_t) {
        env->portal->name, token->maker.login, token->maker.created,
        token->role, env->now, env->now + token->life_sec, 0, token->name
    };

    hash = (mfa_str_t) { token->hash, MFA_HASH_CHARS };
    op = mfa_flow_next(&token->flow, WRITTEN);
    op->reserve = 1;
    mfa_op_multi(op);
    mfa_store_token_write(op, env->portal, &made, hash);
    note(token, "token-add", token->maker.login, token->name);
    mfa_op_exec(op);

    token->tokens[0].hash = hash;
    token->tokens[0].token = made;

    return MFA_FLOW_STORE;
}


/* What was not kept is nobody's to see. */
static mfa_flow_e
end(mfa_flow_token_t *token, mfa_outcome_e outcome)
{
    if (outcome != MFA_OUTCOME_DONE) {
        mfa_wipe(token->text, sizeof(token->text));
        token->n_tokens = 0;
    }

    return mfa_flow_end(&token->flow, outcome);
}


static mfa_flow_e
written(mfa_flow_token_t *token, const mfa_result_t *result)
{
    if (!mfa_op_aborted(&token->flow.op, result)) {
        token->n_tokens = 1;
        return end(token, MFA_OUTCOME_DONE);
    }

    if (++token->tries < ADD_TRIES) {
        return watch(token);
    }

    token->why = MFA_WHY_BUSY;

    return end(token, MFA_OUTCOME_CONFLICT);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_token_t  *token;

    token = (mfa_flow_token_t *) flow;

    if (flow->step == START) {
        return start(token);
    }

    if (!result->ok) {
        return end(token, MFA_OUTCOME_UNAVAILABLE);
    }

    if (!mfa_op_sound(&flow->op, result)) {
        return flow->step == WATCHED || flow->step == WRITTEN
               ? let_go(token, MFA_OUTCOME_UNAVAILABLE, MFA_WHY_NONE)
               : end(token, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case LISTED:
        return listed(token, result);
    case READ:
        return records_read(token, result);
    case WATCHED:
        return watched(token, result);
    case WRITTEN:
        return written(token, result);
    case LET_GO:
        return end(token, token->ending);
    case FOUND:
        return found(token, result);
    case MAKER:
        return revoke(token, result);
    case ENDED:
        return end(token, MFA_OUTCOME_DONE);
    default:
        return end(token, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_token_init(mfa_flow_token_t *token)
{
    memset(token, 0, sizeof(mfa_flow_token_t));
    token->flow.run = run;
    token->by.generation = -1;
}
