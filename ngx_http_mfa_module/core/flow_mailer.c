/*
 * Flows take and settle, see flow_mailer.h:
 *
 *   take:    what is stale, what waits -> take it in hand, or the next one
 *              -> read its account -> write a token | put it away
 *   settle:  done | again later | dead letter, in one transaction
 */

#include "core/flow_mailer.h"
#include "core/store_mail.h"

#include <string.h>


enum { START, GROUPED, LOOKED, CLAIMED, RESUMED, NEXT, READ, WRITTEN, PUT_AWAY };


static mfa_flow_e
look(mfa_flow_take_t *take)
{
    mfa_op_t            *op;
    const mfa_portal_t  *portal;

    portal = take->flow.env.portal;
    op = mfa_flow_next(&take->flow, LOOKED);
    take->stale_at = mfa_store_outbox_stale(op, portal, take->lease_msec);
    take->waiting_at = mfa_store_outbox_waiting(op, portal,
                                                take->flow.env.now);
    return MFA_FLOW_STORE;
}


/* There is none before the first mail, and none behind a store that was
   emptied. */
static mfa_flow_e
make_group(mfa_flow_take_t *take)
{
    take->grouped = 1;
    mfa_store_outbox_group(mfa_flow_next(&take->flow, GROUPED),
                           take->flow.env.portal);

    return MFA_FLOW_STORE;
}


/* What was in hand and died with its sender, then what waited long enough, then
   what is new. */
static mfa_flow_e
looked(mfa_flow_take_t *take, const mfa_result_t *result)
{
    mfa_op_t            *op;
    mfa_str_t            waiting;
    mfa_tri_e            stale, waits;
    const mfa_portal_t  *portal;

    op = &take->flow.op;
    portal = take->flow.env.portal;
    waiting = (mfa_str_t) { NULL, 0 };

    stale = mfa_store_outbox_stale_result(op, result, take->stale_at,
                                          &take->id, &take->tries_before);
    if (stale == MFA_YES) {
        take->tries = take->tries_before + 1;
        op = mfa_flow_next(&take->flow, CLAIMED);
        take->entry_at = mfa_store_outbox_claim(op, portal, take->id,
                                                take->lease_msec,
                                                take->tries);
        return MFA_FLOW_STORE;
    }

    waits = stale == MFA_UNKNOWN ? MFA_UNKNOWN
            : mfa_store_outbox_waiting_result(op, result, take->waiting_at,
                                              &waiting, &take->id,
                                              &take->tries_before);
    if (waits == MFA_YES) {
        take->tries = take->tries_before + 1;
        op = mfa_flow_next(&take->flow, RESUMED);
        take->resume_at = mfa_store_outbox_resume(op, portal, waiting,
                                                  take->id, take->tries);
        take->entry_at = take->resume_at.entry;
        return MFA_FLOW_STORE;
    }

    if (waits == MFA_UNKNOWN) {
        return mfa_flow_end(&take->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    take->tries = 1;
    take->entry_at = mfa_store_outbox_next(mfa_flow_next(&take->flow, NEXT),
                                           portal);
    return MFA_FLOW_STORE;
}


/* What is not sent, and why; what cannot be read is kept for somebody to see. */
static mfa_flow_e
put_away(mfa_flow_take_t *take, int readable)
{
    mfa_op_t     *op;
    mfa_audit_t   audit;

    take->dropped = readable ? "stale" : "unreadable";
    op = mfa_flow_next(&take->flow, PUT_AWAY);
    audit = mfa_flow_audit(&take->flow, "mail", readable ? "dropped" : "dead",
                           take->dropped, take->mail.login);
    audit.detail = mfa_str_from(readable ? mfa_mail_name(take->mail.kind)
                                         : "");
    mfa_op_multi(op);

    if (!readable) {
        mfa_store_outbox_bury(op, take->flow.env.portal, take->fields,
                              mfa_str_from(take->dropped), take->tries);
    }

    mfa_store_outbox_done(op, take->flow.env.portal, take->id);
    mfa_store_audit(op, take->flow.env.portal, &audit);
    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


/* Removed from the stream by hand: some versions list it for ever. */
static mfa_flow_e
forget(mfa_flow_take_t *take)
{
    mfa_op_t  *op;

    take->dropped = "removed";
    op = mfa_flow_next(&take->flow, PUT_AWAY);
    mfa_store_outbox_done(op, take->flow.env.portal, take->id);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
taken(mfa_flow_take_t *take, const mfa_result_t *result)
{
    mfa_tri_e           found;
    const mfa_reply_t  *entry;

    found = mfa_store_outbox_taken(&take->flow.op, result, take->entry_at,
                                   &entry);

    if (found == MFA_NO && take->flow.step == CLAIMED
        && mfa_store_outbox_gone(&take->flow.op, result, take->entry_at))
    {
        return forget(take);
    }

    if (found != MFA_YES) {
        return mfa_flow_end(&take->flow, found == MFA_UNKNOWN
                            ? MFA_OUTCOME_UNAVAILABLE
                            : take->flow.step == NEXT ? MFA_OUTCOME_ABSENT
                            : MFA_OUTCOME_CONFLICT);
    }

    take->id = entry->elements[0].str;
    take->fields = &entry->elements[1];

    if (mfa_mail_decode(&take->mail, entry) != 0) {
        memset(&take->mail, 0, sizeof(mfa_mail_t));
        return put_away(take, 0);
    }

    take->entry_at = mfa_store_account_read(mfa_flow_next(&take->flow, READ),
                                            take->flow.env.portal,
                                            take->mail.login, MFA_ACCOUNT_N);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
resumed(mfa_flow_take_t *take, const mfa_result_t *result)
{
    int64_t             n;
    const mfa_reply_t  *entry;

    if (mfa_op_int(&take->flow.op, result, take->resume_at.won, &n) != 0) {
        return mfa_flow_end(&take->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    /* Removed by hand from the stream: the note of it has gone as well. */
    if (n != 1 || mfa_store_outbox_taken(&take->flow.op, result,
                                         take->resume_at.entry, &entry)
                  == MFA_NO)
    {
        return mfa_flow_end(&take->flow, MFA_OUTCOME_CONFLICT);
    }

    return taken(take, result);
}


/* The page of a set-up link asks for a password: who has none yet has been
   invited, and keeps the link to choose one by. */
static int
uses_link(const mfa_flow_take_t *take)
{
    return take->flow.env.portal->first != MFA_FIRST_LOCAL
           || take->account.password.len
           || mfa_mail_purpose(take->mail.kind) != MFA_MAILTOKEN_SETUP;
}


/* A link is there with a base_url alone. */
static int
has_link(const mfa_flow_take_t *take)
{
    return mfa_mail_purpose(take->mail.kind) != MFA_MAILTOKEN_NONE
           && take->flow.env.portal->base_url.len && uses_link(take);
}


static mfa_flow_e
write_token(mfa_flow_take_t *take)
{
    mfa_op_t         *op;
    mfa_str_t         hash;
    mfa_mailtoken_t   token;

    if (mfa_mailtoken_make(take->flow.env.random, take->token, take->hash)
        != 0)
    {
        return mfa_flow_end(&take->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    hash = (mfa_str_t) { take->hash, MFA_HASH_CHARS };
    token.purpose = mfa_mail_purpose(take->mail.kind);
    token.portal = take->flow.env.portal->name;
    token.login = take->mail.login;
    token.generation = take->account.generation;
    token.expires = take->flow.env.now + MFA_MAILTOKEN_SEC;

    /* The account may have another one by now: then the link is dead. */
    if (mfa_mailtoken_address(&token, take->mail.to) != 0) {
        return mfa_flow_end(&take->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    op = mfa_flow_next(&take->flow, WRITTEN);
    mfa_op_multi(op);
    mfa_store_mailtoken_write(op, take->flow.env.portal, &token, hash);
    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
account_read(mfa_flow_take_t *take, const mfa_result_t *result)
{
    take->found = mfa_store_account_decode(&take->flow.op, result,
                                           take->entry_at, take->mail.login,
                                           MFA_ACCOUNT_N, &take->account);

    if (take->found == MFA_UNKNOWN) {
        return mfa_flow_end(&take->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    if (!mfa_mail_due(&take->mail, take->flow.env.portal,
                      take->found == MFA_YES ? &take->account : NULL))
    {
        return put_away(take, 1);
    }

    /* Who queued it had no need of it. */
    if (take->mail.locale.len == 0 && take->found == MFA_YES) {
        take->mail.locale = take->account.locale;
    }

    return has_link(take) ? write_token(take)
                          : mfa_flow_end(&take->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
answered(mfa_flow_take_t *take, const mfa_result_t *result)
{
    switch (take->flow.step) {
    case LOOKED:
        return looked(take, result);
    case CLAIMED:
    case NEXT:
        return taken(take, result);
    case RESUMED:
        return resumed(take, result);
    case READ:
        return account_read(take, result);
    case WRITTEN:
        take->has_token = 1;
        return mfa_flow_end(&take->flow, MFA_OUTCOME_DONE);
    case PUT_AWAY:
        return mfa_flow_end(&take->flow, MFA_OUTCOME_EXPIRED);
    default:
        return mfa_flow_end(&take->flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


static mfa_flow_e
take_run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_take_t  *take;

    take = (mfa_flow_take_t *) flow;

    /* Another sender may have made the group: that is told as an error. */
    if (flow->step == START || (flow->step == GROUPED && result->ok)) {
        return look(take);
    }

    if (flow->step == LOOKED && result->ok && !take->grouped
        && mfa_store_outbox_no_group(mfa_op_reply(&flow->op, result,
                                                  take->stale_at)))
    {
        return make_group(take);
    }

    return mfa_op_sound(&flow->op, result)
           ? answered(take, result)
           : mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
}


void
mfa_flow_take_init(mfa_flow_take_t *take)
{
    memset(take, 0, sizeof(mfa_flow_take_t));
    take->flow.run = take_run;
}


int64_t
mfa_mailer_again(int64_t first_sec, int64_t tries)
{
    int64_t  sec;

    for (sec = first_sec; tries > 1 && sec < MFA_MAILER_AGAIN_MAX; tries--) {
        sec *= 2;
    }

    return sec < MFA_MAILER_AGAIN_MAX ? sec : MFA_MAILER_AGAIN_MAX;
}


/* No audit: it is neither sent nor lost, and this may go on for days. */
static mfa_flow_e
again_later(mfa_flow_settle_t *settle)
{
    int64_t     tries, sec;
    mfa_op_t   *op;

    /* What never met a server has not failed. */
    tries = settle->sent == MFA_SENT_NOT ? settle->tries - 1 : settle->tries;
    sec = settle->sent == MFA_SENT_NOT
          ? 0 : mfa_mailer_again(settle->again_sec, settle->tries);

    op = mfa_flow_next(&settle->flow, PUT_AWAY);
    mfa_op_multi(op);
    mfa_store_outbox_later(op, settle->flow.env.portal, settle->id, tries,
                           settle->flow.env.now + sec);
    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
write_down(mfa_flow_settle_t *settle)
{
    mfa_op_t     *op;
    mfa_audit_t   audit;

    settle->dead = settle->sent == MFA_SENT_NEVER
                   || (settle->sent == MFA_SENT_LATER
                       && settle->tries >= MFA_MAILER_TRIES_MAX);

    if (settle->sent != MFA_SENT_YES && !settle->dead) {
        return again_later(settle);
    }

    op = mfa_flow_next(&settle->flow, PUT_AWAY);
    audit = mfa_flow_audit(&settle->flow, "mail",
                           settle->dead ? "dead" : "ok",
                           settle->dead ? settle->why : "", settle->login);
    audit.detail = mfa_str_from(mfa_mail_name(settle->kind));

    mfa_op_multi(op);

    if (settle->dead) {
        mfa_store_outbox_bury(op, settle->flow.env.portal, settle->fields,
                              mfa_str_from(settle->why), settle->tries);
    }

    mfa_store_outbox_done(op, settle->flow.env.portal, settle->id);
    mfa_store_audit(op, settle->flow.env.portal, &audit);
    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
settle_run(mfa_flow_t *flow, const mfa_result_t *result)
{
    if (flow->step == START) {
        return write_down((mfa_flow_settle_t *) flow);
    }

    return mfa_flow_end(flow, mfa_op_sound(&flow->op, result)
                              ? MFA_OUTCOME_DONE : MFA_OUTCOME_UNAVAILABLE);
}


void
mfa_flow_settle_init(mfa_flow_settle_t *settle, const mfa_flow_take_t *take)
{
    mfa_buf_t  room;

    memset(settle, 0, sizeof(mfa_flow_settle_t));
    settle->flow.run = settle_run;
    settle->flow.env = take->flow.env;
    settle->why = "";
    settle->tries = take->tries;
    settle->fields = take->fields;
    settle->kind = take->mail.kind;

    mfa_buf_init(&room, settle->id_room, sizeof(settle->id_room));
    mfa_buf_str(&room, take->id);
    settle->id = mfa_buf_since(&room, 0);

    mfa_buf_init(&room, settle->login_room, sizeof(settle->login_room));
    mfa_buf_str(&room, take->mail.login);
    settle->login = mfa_buf_since(&room, 0);
}


void
mfa_flow_settle_again(mfa_flow_settle_t *settle)
{
    settle->flow.step = START;
    settle->fields = NULL;
}
