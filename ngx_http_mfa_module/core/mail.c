/*
 * Mails, see mail.h.
 */

#include "core/mail.h"
#include "core/store_mail.h"

#include <string.h>


static const struct {
    const char       *name;
    mfa_mailtoken_e   purpose;
} mails[MFA_MAIL_N] = {
#define MFA_MAIL_ROW(id, name, purpose)                                       \
    [MFA_MAIL_##id] = { name, MFA_MAILTOKEN_##purpose },
    MFA_MAILS(MFA_MAIL_ROW)
#undef MFA_MAIL_ROW
};


const char *
mfa_mail_name(mfa_mail_e kind)
{
    return (unsigned) kind < MFA_MAIL_N ? mails[kind].name : "";
}


int
mfa_mail_find(mfa_str_t name)
{
    size_t  i;

    for (i = 0; i < MFA_MAIL_N; i++) {
        if (mfa_str_is(name, mails[i].name)) {
            return (int) i;
        }
    }

    return -1;
}


mfa_mailtoken_e
mfa_mail_purpose(mfa_mail_e kind)
{
    return (unsigned) kind < MFA_MAIL_N ? mails[kind].purpose
                                        : MFA_MAILTOKEN_NONE;
}


int
mfa_mail_goes(const mfa_portal_t *portal, const mfa_account_t *account,
    mfa_mail_e kind)
{
    mfa_mailtoken_e  purpose;

    purpose = mfa_mail_purpose(kind);

    return portal->mail_from.len && account->email.len
           && (portal->base_url.len
               || (purpose != MFA_MAILTOKEN_RESET
                   && purpose != MFA_MAILTOKEN_PASSWORD));
}


void
mfa_mail_charge(mfa_flow_t *flow, mfa_charge_t *charge, mfa_str_t login)
{
    charge->kind = MFA_CHARGE_MAIL;
    charge->limit.n = MFA_MAIL_ASKED_MAX;
    charge->limit.window_sec = MFA_MAIL_ASKED_SEC;

    mfa_store_charge(&flow->op, charge, flow->env.portal, login, flow->env.net);
}


mfa_charged_t
mfa_mail_charged(mfa_flow_t *flow, const mfa_charge_t *charge,
    const mfa_result_t *result)
{
    mfa_charged_t  charged;

    charged = mfa_store_charge_result(&flow->op, result, charge, 1);
    flow->retry_after = charged.retry_after;

    return charged;
}


static void
queue(mfa_flow_t *flow, mfa_mail_e kind, const mfa_account_t *account,
    int64_t generation, mfa_str_t detail, mfa_str_t address)
{
    mfa_mail_t  mail;

    if (!mfa_mail_goes(flow->env.portal, account, kind)) {
        return;
    }

    mail.kind = kind;
    mail.login = account->login;
    mail.to = account->email;
    mail.name = account->name;
    mail.locale = account->locale;
    mail.generation = generation;
    mail.at = flow->env.now;
    mail.address = address;
    mail.detail = detail;

    mfa_store_mail_add(&flow->op, flow->env.portal, &mail);
}


void
mfa_mail_queue(mfa_flow_t *flow, mfa_mail_e kind, const mfa_account_t *account,
    int64_t generation, mfa_str_t detail)
{
    queue(flow, kind, account, generation, detail, flow->env.address);
}


void
mfa_mail_queue_admin(mfa_flow_t *flow, mfa_mail_e kind,
    const mfa_account_t *account, int64_t generation, mfa_str_t detail)
{
    queue(flow, kind, account, generation, detail, mfa_lit(""));
}


static int
take(mfa_mail_t *mail, mfa_str_t name, mfa_str_t value, int *kind)
{
    if (mfa_str_is(name, "mail")) {
        *kind = mfa_mail_find(value);

    } else if (mfa_str_is(name, "login")) {
        mail->login = value;

    } else if (mfa_str_is(name, "to")) {
        mail->to = value;

    } else if (mfa_str_is(name, "name")) {
        mail->name = value;

    } else if (mfa_str_is(name, "locale")) {
        mail->locale = value;

    } else if (mfa_str_is(name, "generation")) {
        return mfa_str_int(value, &mail->generation);

    } else if (mfa_str_is(name, "at")) {
        return mfa_str_int(value, &mail->at);

    } else if (mfa_str_is(name, "address")) {
        mail->address = value;

    } else if (mfa_str_is(name, "detail")) {
        mail->detail = value;
    }

    return 0;
}


int
mfa_mail_decode(mfa_mail_t *mail, const mfa_reply_t *entry)
{
    int                 kind;
    size_t              i;
    const mfa_reply_t  *fields;

    memset(mail, 0, sizeof(mfa_mail_t));
    kind = -1;

    if (entry->type != MFA_REPLY_ARRAY || entry->n != 2
        || entry->elements[1].type != MFA_REPLY_ARRAY
        || entry->elements[1].n % 2)
    {
        return -1;
    }

    fields = entry->elements[1].elements;

    for (i = 0; i < entry->elements[1].n; i += 2) {
        if (fields[i].type != MFA_REPLY_STRING
            || fields[i + 1].type != MFA_REPLY_STRING
            || take(mail, fields[i].str, fields[i + 1].str, &kind) != 0)
        {
            return -1;
        }
    }

    if (kind < 0 || !mfa_login_check(mail->login)
        || !mfa_email_check(mail->to))
    {
        return -1;
    }

    /* Nobody goes without his mail for a name that cannot be shown. */
    if (mail->name.len > MFA_NAME_MAX || !mfa_str_printable(mail->name)) {
        mail->name = (mfa_str_t) { NULL, 0 };
    }

    if (!mfa_str_printable(mail->address)) {
        mail->address = (mfa_str_t) { NULL, 0 };
    }

    if (!mfa_str_printable(mail->detail)) {
        mail->detail = (mfa_str_t) { NULL, 0 };
    }

    mail->kind = (mfa_mail_e) kind;

    return 0;
}


/* The deadline a notice is about, in detail, is still the account's. */
static int
deadline_holds(const mfa_mail_t *mail, const mfa_portal_t *portal,
    const mfa_account_t *account)
{
    int64_t  deadline;

    return mfa_str_int(mail->detail, &deadline) == 0 && account
           && !account->disabled && !account->enrolled
           && mfa_policy_required(portal, account)
           && account->deadline == deadline
           && mfa_str_eq(account->email, mail->to);
}


int
mfa_mail_due(const mfa_mail_t *mail, const mfa_portal_t *portal,
    const mfa_account_t *account)
{
    if (mail->kind == MFA_MAIL_REMINDER || mail->kind == MFA_MAIL_LOCKED_OUT) {
        return deadline_holds(mail, portal, account);
    }

    switch (mfa_mail_purpose(mail->kind)) {
    case MFA_MAILTOKEN_NONE:
        return 1;

    case MFA_MAILTOKEN_SETUP:
        return account && !account->disabled && !account->enrolled
               && mfa_policy_required(portal, account)
               && mfa_str_eq(account->email, mail->to);

    default:
        return account && !account->disabled
               && account->generation == mail->generation
               && mfa_str_eq(account->email, mail->to);
    }
}
