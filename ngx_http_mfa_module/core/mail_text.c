/*
 * The model of a mail, see mail_text.h.
 */

#include "core/mail_text.h"
#include "core/duration.h"
#include "core/flow_reset.h"

#include <string.h>

#define STRING(id, name)  name,

const char *const  mfa_mail_var_names[MFA_MAIL_VAR_N] = {
    MFA_MAIL_NAMES(STRING)
};


static void
set_text(mfa_value_t *value, mfa_str_t text)
{
    if (text.len) {
        value->kind = MFA_VALUE_TEXT;
        value->text = text;
    }
}


/* "2026-11-22 16:56 UTC" */
static mfa_str_t
moment(uint8_t *room, size_t cap, int64_t unix_sec)
{
    mfa_buf_t  b;

    mfa_buf_init(&b, room, cap);
    mfa_timestamp_make(&b, unix_sec);

    if (b.failed) {
        return (mfa_str_t) { NULL, 0 };
    }

    room[10] = ' ';
    b.len = 16;
    mfa_buf_cstr(&b, " UTC");

    return mfa_buf_since(&b, 0);
}


/* Never from a request: base_url is of the configuration (security 93). */
static mfa_str_t
make_link(mfa_buf_t *b, const mfa_mail_t *mail, const mfa_portal_t *portal,
    mfa_str_t token)
{
    mfa_buf_str(b, portal->base_url);
    mfa_buf_str(b, portal->pages);
    mfa_buf_cstr(b, mfa_mail_purpose(mail->kind) == MFA_MAILTOKEN_PASSWORD
                    ? "password?t=" : "setup?t=");
    mfa_buf_str(b, token);

    return b->failed ? (mfa_str_t) { NULL, 0 } : mfa_buf_since(b, 0);
}


static void
set_flag(mfa_value_t *value, int on)
{
    if (on) {
        value->kind = MFA_VALUE_FLAG;
        value->number = 1;
    }
}


/* Nobody is led to where he cannot log in. */
static int
leads_home(const mfa_mail_t *mail, const mfa_account_t *account)
{
    return account && !account->disabled && mail->kind != MFA_MAIL_DISABLED
           && mail->kind != MFA_MAIL_LOCKED_OUT;
}


static void
set_deadline(mfa_value_t *model, mfa_mail_room_t *room,
    const mfa_portal_t *portal, const mfa_account_t *account)
{
    if (account == NULL || account->enrolled
        || !mfa_policy_required(portal, account))
    {
        return;
    }

    if (account->deadline > 0) {
        set_text(&model[MFA_MAIL_VAR_DEADLINE],
                 moment(room->deadline, sizeof(room->deadline),
                        account->deadline));
        return;
    }

    set_flag(&model[MFA_MAIL_VAR_AT_ONCE], 1);
}


void
mfa_mail_model(mfa_value_t *model, mfa_mail_room_t *room,
    const mfa_mail_t *mail, const mfa_portal_t *portal,
    const mfa_account_t *account, mfa_str_t token)
{
    mfa_buf_t  link;

    memset(model, 0, MFA_MAIL_VAR_N * sizeof(mfa_value_t));
    mfa_buf_init(&link, room->link, sizeof(room->link));

    set_text(&model[MFA_MAIL_VAR_BRAND], portal->brand_name.len
                                         ? portal->brand_name
                                         : portal->issuer);
    set_text(&model[MFA_MAIL_VAR_ISSUER], portal->issuer);
    set_text(&model[MFA_MAIL_VAR_COLOR], portal->brand_color);
    set_text(&model[MFA_MAIL_VAR_PERSON], mail->name.len ? mail->name
                                                         : mail->login);
    set_text(&model[MFA_MAIL_VAR_LOGIN], mail->login);

    if (leads_home(mail, account)) {
        set_text(&model[MFA_MAIL_VAR_HOME], portal->base_url);
    }

    set_text(&model[MFA_MAIL_VAR_ADDRESS], mail->address);
    set_text(&model[MFA_MAIL_VAR_DETAIL], mail->detail);
    set_text(&model[MFA_MAIL_VAR_WHEN],
             moment(room->when, sizeof(room->when), mail->at));
    set_deadline(model, room, portal, account);
    set_flag(&model[MFA_MAIL_VAR_ENROLLED], account && account->enrolled);
    set_flag(&model[MFA_MAIL_VAR_SELF_RESET], mfa_reset_offered(portal));

    if (token.len) {
        set_text(&model[MFA_MAIL_VAR_LINK],
                 make_link(&link, mail, portal, token));
        model[MFA_MAIL_VAR_MINUTES].kind = MFA_VALUE_NUMBER;
        model[MFA_MAIL_VAR_MINUTES].number = MFA_MAILTOKEN_SEC / 60;
    }
}


static mfa_str_t
role_of(mfa_str_t word)
{
    return mfa_str_is(word, "none") ? (mfa_str_t) { NULL, 0 } : word;
}


int
mfa_mail_roles(const mfa_mail_t *mail, mfa_str_t *before, mfa_str_t *after)
{
    mfa_str_t  rest, to;

    if (mail->kind != MFA_MAIL_ROLE_CHANGED
        || !mfa_str_cut(mail->detail, ' ', before, &rest)
        || !mfa_str_cut(rest, ' ', &to, after) || !mfa_str_is(to, "to")
        || before->len == 0 || after->len == 0)
    {
        return 0;
    }

    *before = role_of(*before);
    *after = role_of(*after);

    return 1;
}


/* "de-AT" is served by "de", anything unknown by the portal's first. */
size_t
mfa_mail_locale(const mfa_mail_t *mail, const mfa_portal_t *portal)
{
    size_t     i;
    mfa_str_t  tag, language;

    tag = mail->locale;
    mfa_str_cut(tag, '-', &language, &tag);

    for (i = 0; i < portal->n_locales; i++) {
        if (mfa_str_eq(portal->locales[i], mail->locale)
            || mfa_str_eq(portal->locales[i], language))
        {
            return i;
        }
    }

    return 0;
}
