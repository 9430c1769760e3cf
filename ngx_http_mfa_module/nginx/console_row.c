/*
 * What is shown of an account, and what there is to choose from for one: words,
 * rows of lists, days, roles, events.  See console.h.
 */

#include "nginx/console.h"
#include "nginx/template.h"

static const int64_t  days_of[] = { 0, 1, 2, 3, 5, 7, 10, 14, 21, 30, 60, 90,
                                    180, 365 };

#define N_DAYS  (sizeof(days_of) / sizeof(days_of[0]))


mfa_str_t
ngx_http_mfa_console_word(ngx_http_mfa_console_t *c, int word)
{
    ngx_http_mfa_theme_t  *theme;

    if (word < 0) {
        return mfa_lit("");
    }

    theme = ngx_http_mfa_template_theme(c->visit.portal, c->visit.request);

    return ngx_http_mfa_view(&theme->words[word]);
}


static mfa_str_t
role_word(ngx_http_mfa_console_t *c, mfa_str_t role)
{
    int         word;
    mfa_role_e  known;

    known = mfa_role_find(role);

    /* One that is none here is shown as it is, and may nothing. */
    if (role.len && known == MFA_ROLE_NONE) {
        return role;
    }

    word = known == MFA_ROLE_NONE ? MFA_WORD_ROLE_NONE
                                  : mfa_word_find("role", mfa_role_name(known));

    return ngx_http_mfa_console_word(c, word);
}


static void
row_time(ngx_http_mfa_console_t *c, const mfa_account_t *account,
    const mfa_standing_t *standing, mfa_value_t *row)
{
    int  pending;

    pending = standing->key == MFA_KEY_PENDING;

    ngx_http_mfa_cell_flag(row, MFA_VAR_LOCKED, standing->locked);
    ngx_http_mfa_cell_flag(row, MFA_VAR_DUE,
                           pending && !standing->locked
                           && account->deadline <= 0);
    ngx_http_mfa_cell_text(row, MFA_VAR_DAYS, mfa_lit(""));
    ngx_http_mfa_cell_text(row, MFA_VAR_DEADLINE, mfa_lit(""));

    if (pending && !standing->locked && standing->days_left > 0) {
        ngx_http_mfa_cell_number(row, MFA_VAR_DAYS, standing->days_left);
    }

    if (account->deadline > 0 && !account->enrolled) {
        ngx_http_mfa_cell_date(&c->visit, row, MFA_VAR_DEADLINE,
                               account->deadline);
    }
}


void
ngx_http_mfa_console_account_row(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, const mfa_account_t *account,
    const mfa_standing_t *standing, mfa_value_t *row)
{
    const char  *key;

    key = mfa_key_name(standing->key);

    ngx_http_mfa_cell_text(row, MFA_VAR_LOGIN, account->login);
    ngx_http_mfa_cell_text(row, MFA_VAR_PERSON,
                           account->name.len ? account->name : account->login);
    ngx_http_mfa_cell_text(row, MFA_VAR_FIELD_NAME, account->name);
    ngx_http_mfa_cell_text(row, MFA_VAR_EMAIL, account->email);
    ngx_http_mfa_cell_text(row, MFA_VAR_ROLE, account->role);
    ngx_http_mfa_cell_text(row, MFA_VAR_ROLE_TEXT, role_word(c, account->role));
    ngx_http_mfa_cell_text(row, MFA_VAR_URL,
        ngx_http_mfa_console_account_link(c, portal, account->login, ""));
    ngx_http_mfa_cell_text(row, MFA_VAR_STATE, mfa_str_from(key));
    ngx_http_mfa_cell_text(row, MFA_VAR_STATE_TEXT,
        ngx_http_mfa_console_word(c, mfa_word_find("key", key)));
    ngx_http_mfa_cell_flag(row, MFA_VAR_GOOD,
                           standing->key == MFA_KEY_ENROLLED
                           || standing->key == MFA_KEY_VALIDATED);
    ngx_http_mfa_cell_flag(row, MFA_VAR_FAULT, standing->key == MFA_KEY_FAULT);
    ngx_http_mfa_cell_flag(row, MFA_VAR_REQUIRED, account->required);
    ngx_http_mfa_cell_flag(row, MFA_VAR_BY_PORTAL,
                           !account->required && standing->required);
    ngx_http_mfa_cell_flag(row, MFA_VAR_DISABLED, account->disabled);
    ngx_http_mfa_cell_text(row, MFA_VAR_DIRECTORY, account->directory);
    ngx_http_mfa_cell_flag(row, MFA_VAR_DIRECTORY_OFF,
                           account->directory.len
                           && !portal->core.directory_mfa);
    ngx_http_mfa_cell_number(row, MFA_VAR_VERSION, account->version);
    ngx_http_mfa_cell_date(&c->visit, row, MFA_VAR_CREATED, account->created);
    ngx_http_mfa_cell_flag(row, MFA_VAR_OWN,
                           portal == c->visit.portal
                           && mfa_str_eq(account->login, c->by.login));
    row_time(c, account, standing, row);
}


ngx_int_t
ngx_http_mfa_console_days(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, int64_t chosen)
{
    size_t        i, best;
    mfa_value_t  *row;

    if (chosen < 0) {
        chosen = portal->core.grace_sec / 86400;
    }

    row = ngx_http_mfa_rows(&c->visit, &c->visit.model[MFA_VAR_CHOICES],
                            N_DAYS);

    if (row == NULL) {
        return NGX_ERROR;
    }

    /* What is not on the list is rounded down: nobody is given more. */
    for (i = 0, best = 0; i < N_DAYS; i++) {
        best = days_of[i] <= chosen ? i : best;
    }

    for (i = 0; i < N_DAYS; i++, row += MFA_VAR_N) {
        ngx_http_mfa_cell_number(row, MFA_VAR_DAYS, days_of[i]);
        ngx_http_mfa_cell_flag(row, MFA_VAR_DUE, days_of[i] == 0);
        ngx_http_mfa_cell_flag(row, MFA_VAR_ONE, days_of[i] == 1);
        ngx_http_mfa_cell_flag(row, MFA_VAR_THIS, i == best);
    }

    return NGX_OK;
}


int
ngx_http_mfa_console_grace(const mfa_form_t *form, int64_t *sec)
{
    int64_t    days;
    mfa_str_t  text;

    text = mfa_form_value(form, "days");
    *sec = -1;

    if (text.len == 0) {
        return 0;
    }

    if (mfa_str_int(text, &days) != 0 || days < 0 || days > 365) {
        return -1;
    }

    *sec = days * 86400;

    return 0;
}


ngx_int_t
ngx_http_mfa_console_roles(ngx_http_mfa_console_t *c, mfa_role_e has)
{
    size_t        n;
    mfa_role_e    role;
    mfa_value_t  *row;

    row = ngx_http_mfa_rows(&c->visit, &c->visit.model[MFA_VAR_ROLES],
                            MFA_ROLE_N);

    if (row == NULL) {
        return NGX_ERROR;
    }

    for (n = 0, role = MFA_ROLE_NONE + 1; role < MFA_ROLE_N; role++) {
        if (role != has && !mfa_role_within(role, c->role)) {
            continue;
        }

        ngx_http_mfa_cell_text(row, MFA_VAR_VALUE,
                               mfa_str_from(mfa_role_name(role)));
        ngx_http_mfa_cell_text(row, MFA_VAR_TEXT,
                               role_word(c, mfa_str_from(mfa_role_name(role))));
        ngx_http_mfa_cell_flag(row, MFA_VAR_THIS, role == has);
        row += MFA_VAR_N;
        n++;
    }

    c->visit.model[MFA_VAR_ROLES].n = n;

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_console_events(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, const mfa_event_t *events, size_t n)
{
    size_t        i;
    mfa_value_t  *row;

    row = ngx_http_mfa_rows(&c->visit, &c->visit.model[MFA_VAR_EVENTS], n);

    if (row == NULL) {
        return NGX_ERROR;
    }

    ngx_http_mfa_set_flag(&c->visit, MFA_VAR_HAS_EVENTS, n != 0);

    for (i = 0; i < n; i++, events++, row += MFA_VAR_N) {
        ngx_http_mfa_cell_moment(&c->visit, row, MFA_VAR_AT, events->at);
        ngx_http_mfa_cell_text(row, MFA_VAR_EVENT, events->event);
        ngx_http_mfa_cell_text(row, MFA_VAR_RESULT, events->result);
        ngx_http_mfa_cell_text(row, MFA_VAR_REASON, events->reason);
        ngx_http_mfa_cell_text(row, MFA_VAR_LOGIN, events->login);
        ngx_http_mfa_cell_text(row, MFA_VAR_ACTOR, events->actor);
        ngx_http_mfa_cell_text(row, MFA_VAR_BY_TOKEN, events->token);
        ngx_http_mfa_cell_text(row, MFA_VAR_ADDRESS, events->address);
        ngx_http_mfa_cell_text(row, MFA_VAR_DETAIL, events->detail);
        ngx_http_mfa_cell_text(row, MFA_VAR_URL,
            mfa_login_check(events->login)
            ? ngx_http_mfa_console_account_link(c, portal, events->login, "")
            : mfa_lit(""));
    }

    return NGX_OK;
}
