/*
 * Changes of accounts by the API: one, a new one, or many.  Flow admin looks at
 * who acts and at the account once more, in the transaction that changes it.
 */

#include "nginx/api.h"

#include "core/flow_rehash.h"
#include "core/password.h"

#define DAY_SEC     86400
#define GRACE_DAYS  (MFA_GRACE_MAX_SEC / DAY_SEC)

/* What a bulk may do; nothing that cannot be undone by another one. */
static const mfa_admin_e  in_bulk[] = {
    MFA_ADMIN_REQUIRE, MFA_ADMIN_UNREQUIRE, MFA_ADMIN_RESET, MFA_ADMIN_EXTEND,
    MFA_ADMIN_UNLOCK, MFA_ADMIN_DISABLE, MFA_ADMIN_ENABLE,
    MFA_ADMIN_SESSIONS_END, MFA_ADMIN_RESEND
};

typedef struct {
    mfa_bulk_t           bulk;
    mfa_flow_admin_t     wanted;
    mfa_bulk_result_t    results[MFA_BULK_MAX];
} many_t;


/* Fills in what was given; NULL, or the member that cannot be. */
static const char *
admin_fill(ngx_http_mfa_api_t *a, mfa_flow_admin_t *admin)
{
    admin->by = a->c->by;
    admin->actor = a->c->actor;
    admin->if_version = a->if_version;
    admin->login = a->c->login.len ? a->c->login
                                   : a->text[NGX_HTTP_MFA_API_LOGIN];
    admin->email = a->text[NGX_HTTP_MFA_API_EMAIL];
    admin->name = a->text[NGX_HTTP_MFA_API_NAME];
    admin->role = a->text[NGX_HTTP_MFA_API_ROLE];
    admin->directory = a->text[NGX_HTTP_MFA_API_DIRECTORY];
    admin->reason = a->text[NGX_HTTP_MFA_API_REASON];
    admin->require = (int) a->number[NGX_HTTP_MFA_API_REQUIRE];
    admin->invite = (int) a->number[NGX_HTTP_MFA_API_INVITE];
    admin->widget = (int) a->number[NGX_HTTP_MFA_API_WIDGET];
    admin->edit_email = ngx_http_mfa_api_has(a, NGX_HTTP_MFA_API_EMAIL);
    admin->edit_name = ngx_http_mfa_api_has(a, NGX_HTTP_MFA_API_NAME);
    admin->ref = a->id;

    if (admin->reason.len > MFA_ADMIN_REASON_MAX) {
        return "reason";
    }

    if (ngx_http_mfa_api_has(a, NGX_HTTP_MFA_API_GRACE)) {
        if (a->number[NGX_HTTP_MFA_API_GRACE] > GRACE_DAYS) {
            return "grace_days";
        }

        admin->grace_sec = a->number[NGX_HTTP_MFA_API_GRACE] * DAY_SEC;
    }

    return NULL;
}


static void
invalid(ngx_http_mfa_api_t *a, const char *member)
{
    a->member = member;
    ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_INVALID);
}


/* The mail that was queued, by its kind; null: none was. */
static json_t *
mail_json(int mailed, int mail)
{
    return mailed ? ngx_http_mfa_json_name(mfa_mail_name((mfa_mail_e) mail))
                  : json_null();
}


/* --- one --- */

static json_t *
change_build(ngx_http_mfa_api_t *a)
{
    json_t            *json;
    mfa_flow_admin_t  *admin = a->flow;

    json = json_object();

    ngx_http_mfa_api_set(json, "portal",
                         ngx_http_mfa_json_text(a->c->portal->core.name));
    ngx_http_mfa_api_set(json, "login", ngx_http_mfa_json_text(admin->login));
    ngx_http_mfa_api_set(json, "changed", json_boolean(admin->changed));
    ngx_http_mfa_api_set(json, "version", json_integer(admin->version));
    ngx_http_mfa_api_set(json, "deadline",
                         ngx_http_mfa_json_time(admin->deadline));
    ngx_http_mfa_api_set(json, "mail", mail_json(admin->mailed, admin->mail));
    return json;
}


/* Where the new account is: a path, as everything else that is led to. */
static ngx_int_t
location_set(ngx_http_mfa_api_t *a, mfa_str_t login)
{
    size_t      cap;
    mfa_buf_t   out;
    ngx_str_t   value;
    mfa_str_t   base, portal;

    static const char  before[] = "api/v1/portals/", between[] = "/accounts/";

    base = a->c->conf->base;
    portal = a->c->portal->core.name;
    cap = base.len + sizeof(before) + portal.len + sizeof(between)
          + 3 * login.len;
    value.data = ngx_pnalloc(a->c->visit.request->pool, cap);

    if (value.data == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(&out, value.data, cap);
    mfa_buf_str(&out, base);
    mfa_buf_cstr(&out, before);
    mfa_buf_str(&out, portal);
    mfa_buf_cstr(&out, between);
    mfa_form_escape(&out, login);
    value.len = out.len;

    return ngx_http_mfa_output_header(a->c->visit.request, "Location", &value);
}


static void
changed(ngx_http_mfa_api_t *a)
{
    mfa_admin_e                  action;
    mfa_flow_admin_t            *admin = a->flow;
    ngx_http_mfa_api_problem_e   problem;

    action = admin->action;
    problem = ngx_http_mfa_api_outcome(admin->flow.outcome, admin->why);

    /* One session or browser that is none of this account's. */
    if (problem == NGX_HTTP_MFA_API_OK && admin->ref.len && !admin->changed) {
        problem = NGX_HTTP_MFA_API_ABSENT;
    }

    if (problem != NGX_HTTP_MFA_API_OK) {
        a->retry_after = admin->flow.retry_after;
        ngx_http_mfa_api_problem(a, problem);
        return;
    }

    if (a->route->method == NGX_HTTP_DELETE) {
        ngx_http_mfa_api_empty(a);
        return;
    }

    if (ngx_http_mfa_api_etag(a, admin->version) != NGX_OK
        || (action == MFA_ADMIN_ADD && location_set(a, admin->login) != NGX_OK))
    {
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_ERROR);
        return;
    }

    ngx_http_mfa_api_answer(a, action == MFA_ADMIN_ADD ? NGX_HTTP_CREATED
                                                       : NGX_HTTP_OK,
                            change_build, 0);
}


/* With a password there is a hash to be made first. */
static mfa_flow_admin_t *
admin_make(ngx_http_mfa_api_t *a, mfa_str_t password)
{
    mfa_flow_admin_t   *admin;
    mfa_flow_rehash_t  *rehash;

    if (password.len == 0) {
        admin = ngx_http_mfa_api_alloc(a, sizeof(mfa_flow_admin_t));

        if (admin) {
            mfa_flow_admin_init(admin);
        }

        return admin;
    }

    rehash = ngx_http_mfa_api_alloc(a, sizeof(mfa_flow_rehash_t));

    if (rehash == NULL) {
        return NULL;
    }

    mfa_flow_rehash_init(rehash);
    rehash->password = password;

    return &rehash->admin;
}


void
ngx_http_mfa_api_change(ngx_http_mfa_api_t *a)
{
    mfa_str_t          password;
    const char        *wrong;
    mfa_flow_admin_t  *admin;

    password = a->text[NGX_HTTP_MFA_API_PASSWORD];
    admin = admin_make(a, password);

    if (admin == NULL) {
        return;
    }

    admin->action = a->route->action;
    wrong = admin_fill(a, admin);

    if (wrong == NULL
        && (password.len || admin->action == MFA_ADMIN_PASSWORD)
        && mfa_admin_password_check(admin, &a->c->portal->core, password))
    {
        wrong = "password";
    }

    /* Who is invited chooses it himself. */
    if (wrong == NULL && password.len && admin->invite) {
        wrong = "invite";
    }

    if (wrong) {
        invalid(a, wrong);
        return;
    }

    a->flow = admin;
    ngx_http_mfa_api_run(a, a->c->portal, &admin->flow, changed);
}


void
ngx_http_mfa_api_add(ngx_http_mfa_api_t *a)
{
    if (!mfa_login_check(a->text[NGX_HTTP_MFA_API_LOGIN])) {
        invalid(a, "login");
        return;
    }

    ngx_http_mfa_api_change(a);
}


/* --- many --- */

static json_t *
result_build(mfa_str_t login, const mfa_bulk_result_t *result)
{
    json_t                      *json;
    ngx_http_mfa_api_problem_e   problem;

    json = json_object();
    problem = ngx_http_mfa_api_outcome(result->outcome, result->why);

    ngx_http_mfa_api_set(json, "login", ngx_http_mfa_json_text(login));
    ngx_http_mfa_api_set(json, "status", json_integer((json_int_t)
                                         ngx_http_mfa_api_status(problem)));
    ngx_http_mfa_api_set(json, "code", ngx_http_mfa_json_name(
                                           ngx_http_mfa_api_code(problem)));
    ngx_http_mfa_api_set(json, "changed", json_boolean(result->changed));
    ngx_http_mfa_api_set(json, "deadline",
                         ngx_http_mfa_json_time(result->deadline));
    ngx_http_mfa_api_set(json, "mail",
                         mail_json(result->mailed, result->mail));
    return json;
}


static json_t *
bulk_build(ngx_http_mfa_api_t *a)
{
    size_t   i;
    json_t  *json, *results;
    many_t  *many = a->flow;

    json = json_object();
    results = json_array();

    for (i = 0; i < a->n_logins; i++) {
        if (json_array_append_new(results, result_build(a->logins[i],
                                                        &many->results[i]))
            != 0)
        {
            return NULL;
        }
    }

    ngx_http_mfa_api_set(json, "results", results);
    ngx_http_mfa_api_set(json, "done",
                         json_integer((json_int_t) many->bulk.n_done));
    ngx_http_mfa_api_set(json, "changed",
                         json_integer((json_int_t) many->bulk.n_changed));
    return json;
}


static void
bulk_done(ngx_http_mfa_api_t *a)
{
    many_t  *many = a->flow;

    if (many->bulk.admin.flow.outcome == MFA_OUTCOME_REFUSED
        && !many->bulk.begun)
    {
        invalid(a, "logins");
        return;
    }

    /* What was done before the store went away is told of item by item. */
    if (many->bulk.admin.flow.outcome != MFA_OUTCOME_DONE
        && many->bulk.at == 0)
    {
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_UNAVAILABLE);
        return;
    }

    ngx_http_mfa_api_answer(a, NGX_HTTP_OK, bulk_build, 0);
}


static int
bulk_action(ngx_http_mfa_api_t *a)
{
    int     action;
    size_t  i;

    action = mfa_admin_find(a->text[NGX_HTTP_MFA_API_ACTION]);

    for (i = 0; i < sizeof(in_bulk) / sizeof(in_bulk[0]); i++) {
        if (action == (int) in_bulk[i]) {
            return action;
        }
    }

    return -1;
}


void
ngx_http_mfa_api_bulk(ngx_http_mfa_api_t *a)
{
    int          action;
    many_t      *many;
    const char  *wrong;

    action = bulk_action(a);

    if (action < 0) {
        invalid(a, "action");
        return;
    }

    if (!ngx_http_mfa_console_may(a->c, mfa_admin_right(action), a->c->portal,
                                  (mfa_str_t) { NULL, 0 }))
    {
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_FORBIDDEN);
        return;
    }

    many = ngx_http_mfa_api_alloc(a, sizeof(many_t));

    if (many == NULL) {
        return;
    }

    mfa_flow_admin_init(&many->wanted);
    many->wanted.action = action;
    wrong = admin_fill(a, &many->wanted);

    if (wrong) {
        invalid(a, wrong);
        return;
    }

    /* Admins that are required from a list have no days (feature 003-23). */
    if (action == MFA_ADMIN_REQUIRE && many->wanted.grace_sec < 0
        && a->c->portal == a->c->visit.portal)
    {
        many->wanted.grace_sec = 0;
    }

    mfa_bulk_init(&many->bulk);
    many->bulk.wanted = &many->wanted;
    many->bulk.logins = a->logins;
    many->bulk.results = many->results;
    many->bulk.n = a->n_logins;

    a->flow = many;
    ngx_http_mfa_api_run(a, a->c->portal, &many->bulk.admin.flow, bulk_done);
}
