/*
 * Flow gate, see flow_gate.h.  Asks the policy; decides nothing itself.
 */

#include "core/flow_gate.h"

#include <string.h>


enum { START, READ, READ_ACCOUNT, DEADLINE };


void
mfa_flow_gate_drop(mfa_flow_gate_t *gate)
{
    if (gate->places.kept) {
        mfa_cache_drop(gate->cache, &gate->places);
    }
}


static mfa_flow_e
unavailable(mfa_flow_gate_t *gate)
{
    mfa_flow_gate_drop(gate);
    memset(&gate->who, 0, sizeof(mfa_who_t));

    return mfa_flow_end(&gate->flow, MFA_OUTCOME_UNAVAILABLE);
}


static mfa_policy_in_t
policy_in(mfa_flow_gate_t *gate)
{
    mfa_policy_in_t  in;

    in.portal = gate->flow.env.portal;
    in.rule = gate->rule;
    in.fresh_sec = gate->fresh_sec;
    in.now = gate->flow.env.now;
    in.store = MFA_YES;
    in.session = gate->who.has_session ? &gate->who.session : NULL;
    in.account = gate->who.has_account ? &gate->who.account : NULL;

    return in;
}


/* Whether a session's last use is too long ago to stay as it is written. */
MFA_HOT static int
touch_due(const mfa_portal_t *portal, const mfa_session_t *session, int64_t now)
{
    int64_t  exact;

    exact = portal->idle_sec / 4;

    /* Nobody who is busy may idle out between two touches. */
    if (exact > MFA_TOUCH_SEC) {
        exact = MFA_TOUCH_SEC;
    }

    return now - session->seen >= exact;
}


/* The session is alive: keep it so, at most once a minute. */
static void
touch(mfa_flow_gate_t *gate)
{
    mfa_op_t       *op;
    mfa_session_t  *session;

    session = &gate->who.session;

    if (gate->who.verdict == MFA_VERDICT_LOGIN
        || gate->who.verdict == MFA_VERDICT_BLOCKED
        || !touch_due(gate->flow.env.portal, session, gate->flow.env.now))
    {
        return;
    }

    session->seen = gate->flow.env.now;

    op = mfa_flow_next(&gate->flow, gate->flow.step);
    mfa_store_session_save(op, gate->flow.env.portal, session, gate->who.hash,
                           gate->flow.env.now);
    gate->touch = 1;
}


/* What has just been read is remembered when it lets in and stays as it is. */
static void
remember(mfa_flow_gate_t *gate)
{
    if (!gate->places.kept) {
        return;
    }

    if (gate->flow.step != READ || gate->who.verdict != MFA_VERDICT_ALLOW
        || gate->touch)
    {
        mfa_flow_gate_drop(gate);
        return;
    }

    mfa_cache_fill(gate->cache, &gate->places, gate->flow.env.portal,
                   &gate->who.session, gate->who.hash, &gate->who.account,
                   gate->flow.env.now);
}


static mfa_flow_e
decide(mfa_flow_gate_t *gate)
{
    int64_t          deadline;
    mfa_op_t        *op;
    mfa_policy_in_t  in;
    mfa_account_t   *account;

    in = policy_in(gate);
    account = &gate->who.account;
    gate->who.verdict = mfa_policy_decide(&in);

    /* A requirement that comes from the portal meets this account for the
       first time: from now on its grace runs.  One that an admin has required
       was given a deadline then; if that is lost, no new grace is. */
    if (gate->who.verdict == MFA_VERDICT_ENROL && account->deadline < 0
        && !account->required && mfa_policy_required(in.portal, account)
        && gate->flow.step != DEADLINE)
    {
        deadline = in.portal->grace_sec ? in.now + in.portal->grace_sec : 0;

        op = mfa_flow_next(&gate->flow, DEADLINE);
        gate->deadline_at = mfa_store_deadline_set(op, in.portal,
                                                   account->login, deadline);
        return MFA_FLOW_STORE;
    }

    gate->who.may_put_off = gate->who.verdict == MFA_VERDICT_ENROL
                            && mfa_policy_may_put_off(&in);

    if (!gate->who.has_session || gate->who.verdict == MFA_VERDICT_LOGIN) {
        memset(&gate->who.session, 0, sizeof(mfa_session_t));
        gate->who.has_session = 0;

    } else {
        touch(gate);
    }

    remember(gate);

    return mfa_flow_end(&gate->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
account_read(mfa_flow_gate_t *gate, const mfa_result_t *result, mfa_str_t login)
{
    mfa_tri_e  answer;

    answer = mfa_store_account_decode(&gate->flow.op, result, gate->account_at,
                                      login, MFA_ACCOUNT_GATE_N,
                                      &gate->who.account);
    if (answer == MFA_UNKNOWN) {
        return unavailable(gate);
    }

    gate->who.has_account = answer == MFA_YES;

    if (gate->who.account.fault) {
        gate->flow.alarm = "factor data of an account is missing or unreadable";
    }

    return decide(gate);
}


/* Behind the words GET and HMGET stands what is read. */
static mfa_str_t
key_at(const mfa_op_t *op, mfa_at_t at)
{
    size_t  n;

    return mfa_op_command(op, (size_t) at, &n)[1];
}


static mfa_flow_e
start(mfa_flow_gate_t *gate)
{
    mfa_op_t   *op;
    mfa_str_t   guess;

    if (gate->token == NULL) {
        return decide(gate);
    }

    gate->who.hash = (mfa_str_t) { gate->token->hash, MFA_HASH_CHARS };
    guess = (mfa_str_t) { gate->token->login, gate->token->login_len };

    op = mfa_flow_next(&gate->flow, READ);
    gate->session_at = mfa_store_session_read(op, gate->who.hash);

    if (guess.len) {
        gate->account_at = mfa_store_account_read(op, gate->flow.env.portal,
                                                  guess, MFA_ACCOUNT_GATE_N);
    }

    /* Before it is sent. */
    if (guess.len && gate->cache && !op->failed) {
        mfa_cache_expect(gate->cache, &gate->places, gate->cookie,
                         key_at(op, gate->session_at),
                         key_at(op, gate->account_at), gate->flow.env.now);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
session_read(mfa_flow_gate_t *gate, const mfa_result_t *result)
{
    int         foreign;
    mfa_op_t   *op;
    mfa_tri_e   answer;
    mfa_str_t   guess;

    answer = mfa_store_session_decode(&gate->flow.op, result, gate->session_at,
                                      gate->flow.env.portal, gate->who.hash,
                                      &gate->who.session, &foreign);
    if (answer == MFA_UNKNOWN) {
        return unavailable(gate);
    }

    if (foreign) {
        gate->flow.alarm = "a session record is damaged or of another portal";
    }

    if (answer == MFA_NO) {
        return decide(gate);
    }

    gate->who.has_session = 1;
    guess = (mfa_str_t) { gate->token->login, gate->token->login_len };

    /* The record says who it is; the cookie only guessed. */
    if (mfa_str_eq(guess, gate->who.session.login)) {
        return account_read(gate, result, gate->who.session.login);
    }

    op = mfa_flow_next(&gate->flow, READ_ACCOUNT);
    gate->account_at = mfa_store_account_read(op, gate->flow.env.portal,
                                              gate->who.session.login,
                                              MFA_ACCOUNT_GATE_N);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
deadline_set(mfa_flow_gate_t *gate, const mfa_result_t *result)
{
    int64_t    deadline;
    mfa_str_t  text;

    if (mfa_op_str(&gate->flow.op, result, gate->deadline_at, &text) != 0
        || mfa_str_int(text, &deadline) != 0 || deadline < 0)
    {
        return unavailable(gate);
    }

    gate->who.account.deadline = deadline;

    return decide(gate);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_gate_t  *gate;

    gate = (mfa_flow_gate_t *) flow;

    if (flow->step != START && !mfa_op_sound(&flow->op, result)) {
        return unavailable(gate);
    }

    switch (flow->step) {
    case START:
        return start(gate);
    case READ:
        return session_read(gate, result);
    case READ_ACCOUNT:
        return account_read(gate, result, gate->who.session.login);
    case DEADLINE:
        return deadline_set(gate, result);
    default:
        return unavailable(gate);
    }
}


void
mfa_flow_gate_init(mfa_flow_gate_t *gate)
{
    memset(&gate->who, 0, sizeof(mfa_who_t));
    memset(&gate->flow.env, 0, sizeof(mfa_env_t));

    gate->flow.run = run;
    gate->flow.step = START;
    gate->flow.trying = MFA_TRYING_NOTHING;
    gate->flow.outcome = MFA_OUTCOME_UNAVAILABLE;
    gate->flow.retry_after = 0;
    gate->flow.alarm = NULL;
    gate->token = NULL;
    gate->cache = NULL;
    gate->cookie = (mfa_str_t) { NULL, 0 };
    gate->rule = MFA_RULE_ACCOUNT;
    gate->fresh_sec = 0;
    gate->touch = 0;
    gate->places.kept = 0;
}


MFA_HOT int
mfa_gate_known(const mfa_gate_ask_t *ask, const mfa_known_t *known,
    mfa_who_t *who)
{
    mfa_policy_in_t  in;

    in.portal = ask->portal;
    in.rule = ask->rule;
    in.fresh_sec = ask->fresh_sec;
    in.now = ask->now;
    in.store = MFA_YES;
    in.session = known->session;
    in.account = known->account;

    if (mfa_policy_decide(&in) != MFA_VERDICT_ALLOW
        || touch_due(ask->portal, known->session, ask->now))
    {
        return 0;
    }

    who->has_session = 1;
    who->has_account = 1;
    who->session = *known->session;
    who->account = *known->account;
    who->hash = known->hash;
    who->verdict = MFA_VERDICT_ALLOW;
    who->may_put_off = 0;

    return 1;
}
