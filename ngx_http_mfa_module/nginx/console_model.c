/*
 * What pages of the console share: the frame around them, links, what is shown
 * of an account, refusals.  See console.h.
 */

#include "nginx/console.h"
#include "nginx/template.h"

#include "core/duration.h"
#include "core/flow_account.h"

#define LINK_MAX   2048

static const int64_t  days_of[] = { 0, 1, 2, 3, 5, 7, 10, 14, 21, 30, 60, 90,
                                    180, 365 };

#define N_DAYS  (sizeof(days_of) / sizeof(days_of[0]))


/* --- links --- */

static ngx_int_t
link_begin(ngx_http_mfa_console_t *c, mfa_buf_t *out)
{
    u_char  *p;

    p = ngx_pnalloc(c->visit.request->pool, LINK_MAX);

    if (p == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(out, p, LINK_MAX);
    mfa_buf_str(out, c->conf->base);

    return NGX_OK;
}


static mfa_str_t
link_end(const mfa_buf_t *out)
{
    return out->failed ? (mfa_str_t) { NULL, 0 } : mfa_buf_since(out, 0);
}


mfa_str_t
ngx_http_mfa_console_link(ngx_http_mfa_console_t *c, const char *page, ...)
{
    va_list      args;
    mfa_buf_t    out;
    mfa_str_t    value;
    const char  *name, *sep;

    if (link_begin(c, &out) != NGX_OK) {
        return (mfa_str_t) { NULL, 0 };
    }

    mfa_buf_cstr(&out, page);
    sep = "?";
    va_start(args, page);

    for (name = va_arg(args, const char *); name;
         name = va_arg(args, const char *))
    {
        value = va_arg(args, mfa_str_t);

        if (value.len) {
            mfa_buf_cstr(&out, sep);
            mfa_buf_cstr(&out, name);
            mfa_buf_byte(&out, '=');
            mfa_form_escape(&out, value);
            sep = "&";
        }
    }

    va_end(args);

    return link_end(&out);
}


mfa_str_t
ngx_http_mfa_console_account_link(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, mfa_str_t login, const char *query)
{
    mfa_buf_t  out;

    if (link_begin(c, &out) != NGX_OK) {
        return (mfa_str_t) { NULL, 0 };
    }

    mfa_form_escape(&out, portal->core.name);
    mfa_buf_byte(&out, '/');
    mfa_form_escape(&out, login);
    mfa_buf_cstr(&out, query);

    return link_end(&out);
}


mfa_str_t
ngx_http_mfa_console_list_link(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, const char *show)
{
    if (portal == c->visit.portal) {
        return ngx_http_mfa_console_link(c, "admins", "show",
                                         mfa_str_from(show), NULL);
    }

    return ngx_http_mfa_console_link(c, "users", "portal", portal->core.name,
                                     "show", mfa_str_from(show), NULL);
}


void
ngx_http_mfa_console_to(ngx_http_mfa_console_t *c, mfa_str_t link)
{
    ngx_str_t  location;

    location.data = (u_char *) link.data;
    location.len = link.len;

    ngx_http_mfa_visit_end(&c->visit, link.len
        ? ngx_http_mfa_output_redirect(c->visit.request, &location)
        : NGX_HTTP_INTERNAL_SERVER_ERROR);
}


/* --- the proof --- */

static mfa_str_t
proof_link(ngx_http_mfa_console_t *c, mfa_str_t back)
{
    u_char     *p;
    mfa_buf_t   out;

    p = ngx_pnalloc(c->visit.request->pool, LINK_MAX);

    if (p == NULL) {
        return (mfa_str_t) { NULL, 0 };
    }

    mfa_buf_init(&out, p, LINK_MAX);
    mfa_buf_str(&out, c->visit.portal->core.pages);
    mfa_buf_cstr(&out, c->proof == MFA_PROOF_CODE ? "code?next="
                                                  : "login?again=1&next=");
    mfa_form_escape(&out, back);

    return link_end(&out);
}


ngx_uint_t
ngx_http_mfa_console_proved(ngx_http_mfa_console_t *c, mfa_str_t back)
{
    if (c->proof == MFA_PROOF_GOOD) {
        return 1;
    }

    ngx_http_mfa_console_to(c, proof_link(c, back));

    return 0;
}


/* --- the frame --- */

static ngx_uint_t
looks_at(ngx_http_mfa_console_t *c, ngx_http_mfa_portal_t *portal)
{
    return ngx_http_mfa_console_may(c, MFA_RIGHT_LOOK, portal, mfa_lit(""));
}


/* The left panel, and whether there is an own portal to see to. */
static ngx_int_t
frame_portals(ngx_http_mfa_console_t *c)
{
    ngx_uint_t              i, n;
    mfa_value_t            *row;
    ngx_http_mfa_visit_t   *v;
    ngx_http_mfa_portal_t  *portal;

    v = &c->visit;
    row = ngx_http_mfa_rows(v, &v->model[MFA_VAR_PORTALS], c->conf->n);

    if (row == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, n = 0; i < c->conf->n; i++) {
        portal = c->conf->portals[i];

        if (!looks_at(c, portal)) {
            continue;
        }

        if (portal == v->portal) {
            ngx_http_mfa_set_flag(v, MFA_VAR_MANAGES, 1);
            continue;
        }

        ngx_http_mfa_cell_text(row, MFA_VAR_TITLE, portal->core.name);
        ngx_http_mfa_cell_text(row, MFA_VAR_URL,
                               ngx_http_mfa_console_list_link(c, portal, ""));
        ngx_http_mfa_cell_flag(row, MFA_VAR_HERE, c->portal == portal);
        row += MFA_VAR_N;
        n++;
    }

    v->model[MFA_VAR_PORTALS].n = n;

    return NGX_OK;
}


static void
frame_rights(ngx_http_mfa_console_t *c)
{
    ngx_uint_t             i;
    ngx_http_mfa_visit_t  *v;

    static const struct {
        mfa_var_e    var;
        mfa_right_e  right;
    } rights[] = {
        { MFA_VAR_MAY_HOME,     MFA_RIGHT_HOME },
        { MFA_VAR_MAY_AUDIT,    MFA_RIGHT_AUDIT },
        { MFA_VAR_MAY_SETTINGS, MFA_RIGHT_SETTINGS },
        { MFA_VAR_MAY_TOKENS,   MFA_RIGHT_TOKENS },
        { MFA_VAR_WIDGET_ACT,   MFA_RIGHT_WIDGET_ACT },
    };

    v = &c->visit;

    for (i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        ngx_http_mfa_set_flag(v, rights[i].var,
            (int) ngx_http_mfa_console_may_at_all(c, rights[i].right));
    }
}


void
ngx_http_mfa_console_page(ngx_http_mfa_console_t *c, ngx_uint_t status,
    mfa_page_e page, mfa_error_e error)
{
    mfa_str_t              uri;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;

    if (frame_portals(c) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    frame_rights(c);
    ngx_http_mfa_set_text(v, MFA_VAR_CONSOLE, c->conf->base);
    ngx_http_mfa_set_flag(v, MFA_VAR_AT_HOME, page == MFA_PAGE_CONSOLE_HOME);
    ngx_http_mfa_set_flag(v, MFA_VAR_AT_AUDIT, page == MFA_PAGE_CONSOLE_AUDIT);
    ngx_http_mfa_set_flag(v, MFA_VAR_AT_SETTINGS,
                          page == MFA_PAGE_CONSOLE_SETTINGS);
    ngx_http_mfa_set_flag(v, MFA_VAR_AT_ADMINS, c->portal == v->portal);
    ngx_http_mfa_set_flag(v, MFA_VAR_ADMINS, c->portal == v->portal);

    if (c->portal) {
        ngx_http_mfa_set_text(v, MFA_VAR_PORTAL, c->portal->core.name);
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_PROOF_DUE, c->proof != MFA_PROOF_GOOD);
    ngx_http_mfa_set_flag(v, MFA_VAR_PROOF_CODE, c->proof == MFA_PROOF_CODE);
    uri = v->post ? c->conf->base
                  : ngx_http_mfa_view(&v->request->unparsed_uri);
    ngx_http_mfa_set_text(v, MFA_VAR_PROOF_URL, proof_link(c, uri));

    ngx_http_mfa_visit_page(v, status, page, error);
}


/* --- no --- */

void
ngx_http_mfa_console_refuse(ngx_http_mfa_console_t *c, ngx_uint_t status,
    mfa_error_e error)
{
    c->portal = NULL;
    ngx_http_mfa_console_page(c, status, MFA_PAGE_CONSOLE_ERROR, error);
}


mfa_error_e
ngx_http_mfa_console_error(mfa_outcome_e outcome, mfa_why_e why)
{
    switch (why) {
    case MFA_WHY_RIGHT:
        return MFA_ERR_RIGHT;
    case MFA_WHY_LAST:
        return MFA_ERR_LAST;
    case MFA_WHY_DIRECTORY:
        return MFA_ERR_DIRECTORY;
    case MFA_WHY_NOT_REQUIRED:
        return MFA_ERR_NOT_REQUIRED;
    case MFA_WHY_SHORTER:
        return MFA_ERR_SHORTER;
    case MFA_WHY_VERSION:
        return MFA_ERR_CHANGED;
    case MFA_WHY_EXISTS:
        return MFA_ERR_EXISTS;
    case MFA_WHY_BUSY:
        return MFA_ERR_BUSY;
    default:
        return outcome == MFA_OUTCOME_ABSENT ? MFA_ERR_ABSENT
               : outcome == MFA_OUTCOME_REFUSED ? MFA_ERR_INPUT
               : MFA_ERR_FORBIDDEN;
    }
}


void
ngx_http_mfa_console_outcome(ngx_http_mfa_console_t *c, mfa_flow_t *flow,
    mfa_why_e why)
{
    ngx_uint_t   status;
    mfa_error_e  error;

    error = ngx_http_mfa_console_error(flow->outcome, why);

    switch (flow->outcome) {
    case MFA_OUTCOME_ABSENT:
        status = NGX_HTTP_NOT_FOUND;
        break;
    case MFA_OUTCOME_REFUSED:
        status = NGX_HTTP_BAD_REQUEST;
        break;
    case MFA_OUTCOME_CONFLICT:
        status = NGX_HTTP_CONFLICT;
        break;
    case MFA_OUTCOME_FORBIDDEN:
        status = NGX_HTTP_FORBIDDEN;
        break;
    default:
        ngx_http_mfa_visit_outcome(&c->visit, flow, MFA_PAGE_ERROR,
                                   MFA_ERR_UNAVAILABLE);
        return;
    }

    ngx_http_mfa_console_refuse(c, status, error);
}


/* --- words, accounts, choices --- */

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
        ngx_http_mfa_cell_text(row, MFA_VAR_ADDRESS, events->address);
        ngx_http_mfa_cell_text(row, MFA_VAR_DETAIL, events->detail);
        ngx_http_mfa_cell_text(row, MFA_VAR_URL,
            mfa_login_check(events->login)
            ? ngx_http_mfa_console_account_link(c, portal, events->login, "")
            : mfa_lit(""));
    }

    return NGX_OK;
}


static void
self_read(ngx_http_mfa_console_t *c)
{
    mfa_flow_account_t  *self;

    self = c->flow;

    if (self->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_console_outcome(c, &self->flow, MFA_WHY_NONE);
        return;
    }

    ngx_http_mfa_set_flag(&c->visit, MFA_VAR_WIDGET_ON,
                          !self->account.widget_off);
    c->then(c);
}


void
ngx_http_mfa_console_self(ngx_http_mfa_console_t *c,
    ngx_http_mfa_console_pt then)
{
    mfa_flow_account_t  *self;

    self = ngx_palloc(c->visit.request->pool, sizeof(mfa_flow_account_t));

    if (self == NULL) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_account_init(self);
    self->login = c->by.login;
    c->then = then;
    c->flow = self;
    ngx_http_mfa_console_run(c, c->visit.portal, &self->flow, self_read);
}


void
ngx_http_mfa_console_admin(ngx_http_mfa_console_t *c, mfa_flow_admin_t *admin,
    mfa_admin_e action, mfa_str_t login)
{
    mfa_flow_admin_init(admin);
    admin->action = action;
    admin->login = login;
    admin->actor = c->actor;
    admin->by = c->by;
    admin->if_version = -1;
    admin->grace_sec = -1;
}
