/*
 * Flow redeem, see flow_redeem.h:
 *
 *   look:  read the token -> read its account and the newest -> good or not
 *   take:  take the token, read the newest -> note it, with a secret for RESET
 *                \-> refused: somebody was quicker
 */

#include "core/flow_redeem.h"
#include "core/store_mail.h"

#include <string.h>


enum { START, READ, COMPARED, TAKEN, NOTED, REFUSED };


static mfa_flow_e
end(mfa_flow_redeem_t *redeem, mfa_outcome_e outcome)
{
    return mfa_flow_end(&redeem->flow, outcome);
}


static mfa_str_t
hash_of(const mfa_flow_redeem_t *redeem)
{
    return (mfa_str_t) { redeem->hash, MFA_HASH_CHARS };
}


static int
is_for(const mfa_flow_redeem_t *redeem, int password)
{
    return (redeem->token.purpose == MFA_MAILTOKEN_PASSWORD)
           == (password != 0);
}


static mfa_flow_e
start(mfa_flow_redeem_t *redeem)
{
    mfa_op_t             *op;
    const mfa_portal_t   *portal;

    portal = redeem->flow.env.portal;

    if (mfa_mailtoken_hash(redeem->text, redeem->hash) != 0) {
        return end(redeem, MFA_OUTCOME_EXPIRED);
    }

    if (redeem->action == MFA_REDEEM_LOOK) {
        op = mfa_flow_next(&redeem->flow, READ);
        redeem->token_at = mfa_store_mailtoken_read(op, portal,
                                                    hash_of(redeem));
        return MFA_FLOW_STORE;
    }

    op = mfa_flow_next(&redeem->flow, TAKEN);
    redeem->token_at = mfa_store_mailtoken_take(op, portal, hash_of(redeem));
    redeem->newest_at = mfa_store_mailtoken_newest(op, portal,
                                                redeem->opening->session.login);
    return MFA_FLOW_STORE;
}


/* The token of an answer. */
static mfa_tri_e
token_read(mfa_flow_redeem_t *redeem, const mfa_result_t *result)
{
    return mfa_store_mailtoken_decode(&redeem->flow.op, result,
                                      redeem->token_at,
                                      redeem->flow.env.portal, hash_of(redeem),
                                      &redeem->token);
}


/* Whatever was found: how long it takes is not to tell one dead link from
   another.  Of a token that is none the login is empty, and nobody's. */
static mfa_flow_e
looked(mfa_flow_redeem_t *redeem, const mfa_result_t *result)
{
    mfa_op_t            *op;
    const mfa_portal_t  *portal;

    redeem->found = token_read(redeem, result);

    if (redeem->found == MFA_UNKNOWN) {
        return end(redeem, MFA_OUTCOME_UNAVAILABLE);
    }

    portal = redeem->flow.env.portal;
    op = mfa_flow_next(&redeem->flow, COMPARED);
    redeem->account_at = mfa_store_account_read(op, portal, redeem->token.login,
                                                MFA_ACCOUNT_N);
    redeem->newest_at = mfa_store_mailtoken_newest(op, portal,
                                                   redeem->token.login);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
compared(mfa_flow_redeem_t *redeem, const mfa_result_t *result)
{
    mfa_str_t         newest;
    mfa_tri_e         found;
    const mfa_env_t  *env;

    env = &redeem->flow.env;
    found = mfa_store_account_decode(&redeem->flow.op, result,
                                     redeem->account_at, redeem->token.login,
                                     MFA_ACCOUNT_N, &redeem->account);

    if (found == MFA_UNKNOWN
        || mfa_op_str(&redeem->flow.op, result, redeem->newest_at, &newest)
           != 0)
    {
        return end(redeem, MFA_OUTCOME_UNAVAILABLE);
    }

    return end(redeem, redeem->found == MFA_YES && found == MFA_YES
                       && is_for(redeem, redeem->password)
                       && mfa_mailtoken_good(&redeem->token, hash_of(redeem),
                                             newest, env->portal,
                                             &redeem->account, env->now)
                       ? MFA_OUTCOME_DONE : MFA_OUTCOME_EXPIRED);
}


static mfa_audit_t
audit_of(const mfa_flow_redeem_t *redeem, const char *result,
    const char *reason)
{
    return mfa_flow_audit(&redeem->flow, "redeem", result, reason,
                          redeem->opening->session.login);
}


static mfa_flow_e
refuse(mfa_flow_redeem_t *redeem)
{
    mfa_op_t     *op;
    mfa_audit_t   audit;

    op = mfa_flow_next(&redeem->flow, REFUSED);
    audit = audit_of(redeem, "refused", "link");
    mfa_store_audit(op, redeem->flow.env.portal, &audit);

    return MFA_FLOW_STORE;
}


/* Once more for the session itself: what LOOK has seen may be over, and the
   session is of the account as flow login found it. */
static int
fits(const mfa_flow_redeem_t *redeem, mfa_str_t newest)
{
    const mfa_session_t  *session;

    session = &redeem->opening->session;

    return is_for(redeem, 0) && redeem->flow.env.now < redeem->token.expires
           && mfa_str_eq(newest, hash_of(redeem))
           && mfa_str_eq(redeem->token.login, session->login)
           && redeem->token.generation == session->generation;
}


static mfa_flow_e
taken(mfa_flow_redeem_t *redeem, const mfa_result_t *result)
{
    mfa_op_t      *op;
    mfa_buf_t      out;
    mfa_str_t      newest;
    mfa_tri_e      found;
    mfa_audit_t    audit;

    found = token_read(redeem, result);

    if (found == MFA_UNKNOWN
        || mfa_op_str(&redeem->flow.op, result, redeem->newest_at, &newest)
           != 0)
    {
        return end(redeem, MFA_OUTCOME_UNAVAILABLE);
    }

    if (found == MFA_NO || !fits(redeem, newest)) {
        return refuse(redeem);
    }

    mfa_buf_init(&out, redeem->sealed, sizeof(redeem->sealed));

    if (redeem->token.purpose == MFA_MAILTOKEN_RESET
        && mfa_enrolment_make(&redeem->flow, MFA_ENROLMENT_RESET,
                              redeem->opening->session.login, &out) != 0)
    {
        return end(redeem, MFA_OUTCOME_UNAVAILABLE);
    }

    op = mfa_flow_next(&redeem->flow, NOTED);
    audit = audit_of(redeem, "ok", redeem->token.purpose == MFA_MAILTOKEN_RESET
                                   ? "reset" : "setup");

    if (out.len) {
        mfa_store_enrolment_put(op, (mfa_str_t) { redeem->opening->token.hash,
                                                  MFA_HASH_CHARS },
                                mfa_buf_since(&out, 0));
    }

    mfa_store_audit(op, redeem->flow.env.portal, &audit);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_redeem_t  *redeem;

    redeem = (mfa_flow_redeem_t *) flow;

    if (flow->step != START && !mfa_op_sound(&flow->op, result)) {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case START:
        return start(redeem);
    case READ:
        return looked(redeem, result);
    case COMPARED:
        return compared(redeem, result);
    case TAKEN:
        return taken(redeem, result);
    case NOTED:
        return mfa_flow_end(flow, MFA_OUTCOME_DONE);
    case REFUSED:
        return mfa_flow_end(flow, MFA_OUTCOME_EXPIRED);
    default:
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_redeem_init(mfa_flow_redeem_t *redeem)
{
    memset(redeem, 0, sizeof(mfa_flow_redeem_t));
    redeem->flow.run = run;
}


mfa_str_t
mfa_redeem_login(const mfa_flow_redeem_t *redeem, mfa_str_t typed)
{
    mfa_str_t  bare;

    bare = typed;

    while (bare.len && bare.data[0] == ' ') {
        bare.data++;
        bare.len--;
    }

    while (bare.len && bare.data[bare.len - 1] == ' ') {
        bare.len--;
    }

    return redeem->account.email.len
           && mfa_str_same(bare, redeem->account.email)
           ? redeem->account.login : typed;
}
