/*
 * Flow reset, see flow_reset.h:
 *
 *   charge, read account -> queue the mail
 *         \-> limited
 */

#include "core/flow_reset.h"
#include "core/mail.h"

#include <string.h>


enum { START, CHARGED, QUEUED, REFUSED };


int
mfa_reset_offered(const mfa_portal_t *portal)
{
    return !portal->self_reset_off && portal->mail_from.len
           && portal->base_url.len;
}


static mfa_flow_e
end(mfa_flow_reset_t *reset, mfa_outcome_e outcome)
{
    return mfa_flow_end(&reset->flow, outcome);
}


/* Whether an account with a factor stands behind a password that was proved. */
static int
may(const mfa_flow_reset_t *reset)
{
    const mfa_who_t  *who;

    who = &reset->who;

    return mfa_reset_offered(reset->flow.env.portal) && who->has_account
           && who->account.enrolled && !who->account.fault
           && who->session.level >= MFA_LEVEL_PASSWORD
           && (who->verdict == MFA_VERDICT_CODE
               || who->verdict == MFA_VERDICT_ALLOW);
}


static mfa_flow_e
start(mfa_flow_reset_t *reset)
{
    mfa_op_t             *op;
    const mfa_portal_t   *portal;
    const mfa_account_t  *account;

    if (!reset->who.has_session) {
        return end(reset, MFA_OUTCOME_EXPIRED);
    }

    if (!may(reset)) {
        return end(reset, MFA_OUTCOME_FORBIDDEN);
    }

    portal = reset->flow.env.portal;
    account = &reset->who.account;

    if (!mfa_mail_goes(portal, account, MFA_MAIL_RESET)) {
        return end(reset, MFA_OUTCOME_ABSENT);
    }

    /* The gate reads less of an account than a mail is made of. */
    op = mfa_flow_next(&reset->flow, CHARGED);
    reset->account_at = mfa_store_account_read(op, portal, account->login,
                                               MFA_ACCOUNT_N);
    mfa_mail_charge(&reset->flow, &reset->charge, account->login);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
refuse(mfa_flow_reset_t *reset)
{
    mfa_op_t     *op;
    mfa_audit_t   audit;

    op = mfa_flow_next(&reset->flow, REFUSED);
    audit = mfa_flow_audit(&reset->flow, "reset-asked", "limited", "",
                           reset->who.account.login);
    mfa_store_audit(op, reset->flow.env.portal, &audit);

    return MFA_FLOW_STORE;
}


/* Still the account that the session is of, and nobody has taken its factor
   away meanwhile: the link would be for another state than this. */
static int
still(const mfa_flow_reset_t *reset)
{
    return !reset->account.disabled && !reset->account.fault
           && reset->account.enrolled
           && reset->account.generation == reset->who.session.generation;
}


static mfa_flow_e
charged(mfa_flow_reset_t *reset, const mfa_result_t *result)
{
    mfa_op_t       *op;
    mfa_tri_e       found;
    mfa_audit_t     audit;
    mfa_charged_t   charges;

    charges = mfa_mail_charged(&reset->flow, &reset->charge, result);
    found = mfa_store_account_decode(&reset->flow.op, result, reset->account_at,
                                     reset->who.account.login, MFA_ACCOUNT_N,
                                     &reset->account);

    if (charges.within == MFA_UNKNOWN || found == MFA_UNKNOWN) {
        return end(reset, MFA_OUTCOME_UNAVAILABLE);
    }

    if (charges.within == MFA_NO) {
        return charges.first ? refuse(reset)
                             : end(reset, MFA_OUTCOME_LIMITED);
    }

    if (found == MFA_NO || !still(reset)) {
        return end(reset, MFA_OUTCOME_FORBIDDEN);
    }

    if (!mfa_mail_goes(reset->flow.env.portal, &reset->account,
                       MFA_MAIL_RESET))
    {
        return end(reset, MFA_OUTCOME_ABSENT);
    }

    op = mfa_flow_next(&reset->flow, QUEUED);
    audit = mfa_flow_audit(&reset->flow, "reset-asked", "ok", "",
                           reset->account.login);

    mfa_op_multi(op);
    mfa_mail_queue(&reset->flow, MFA_MAIL_RESET, &reset->account,
                   reset->account.generation, mfa_lit(""));
    mfa_store_audit(op, reset->flow.env.portal, &audit);
    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_reset_t  *reset;

    reset = (mfa_flow_reset_t *) flow;

    if (flow->step != START && !mfa_op_sound(&flow->op, result)) {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case START:
        return start(reset);
    case CHARGED:
        return charged(reset, result);
    case QUEUED:
        return mfa_flow_end(flow, MFA_OUTCOME_DONE);
    case REFUSED:
        return mfa_flow_end(flow, MFA_OUTCOME_LIMITED);
    default:
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_reset_init(mfa_flow_reset_t *reset)
{
    memset(reset, 0, sizeof(mfa_flow_reset_t));
    reset->flow.run = run;
}
