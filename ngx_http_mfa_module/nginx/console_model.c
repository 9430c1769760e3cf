/*
 * What pages of the console share: the frame around them, the proof before a
 * change, refusals, who acts.  Links are in console_link.c, what is shown of an
 * account in console_row.c.  See console.h.
 */

#include "nginx/console.h"

#include "core/flow_account.h"


/* --- the proof --- */

static mfa_str_t
proof_link(ngx_http_mfa_console_t *c, mfa_str_t back)
{
    u_char     *p;
    mfa_buf_t   out;

    p = ngx_pnalloc(c->visit.request->pool, NGX_HTTP_MFA_CONSOLE_LINK_MAX);

    if (p == NULL) {
        return (mfa_str_t) { NULL, 0 };
    }

    mfa_buf_init(&out, p, NGX_HTTP_MFA_CONSOLE_LINK_MAX);
    mfa_buf_str(&out, c->visit.portal->core.pages);
    mfa_buf_cstr(&out, c->proof == MFA_PROOF_CODE ? "code?next="
                       : c->proof == MFA_PROOF_ENROL ? "enrol?next="
                       : "login?again=1&next=");
    mfa_form_escape(&out, back);

    return out.failed ? (mfa_str_t) { NULL, 0 } : mfa_buf_since(&out, 0);
}


ngx_uint_t
ngx_http_mfa_console_proved(ngx_http_mfa_console_t *c, mfa_str_t back)
{
    if (c->proof == MFA_PROOF_GOOD) {
        return 1;
    }

    /* That is more than a step aside: he is told, and finds the way there. */
    if (c->proof == MFA_PROOF_ENROL) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_ENROL_FIRST);
        return 0;
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
    ngx_http_mfa_set_flag(v, MFA_VAR_PROOF_ENROL, c->proof == MFA_PROOF_ENROL);
    ngx_http_mfa_set_text(v, MFA_VAR_PROOF_NAME,
                          mfa_str_from(mfa_proof_name(c->proof)));
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
    case MFA_WHY_NO_MAIL:
        return MFA_ERR_NOT_MAILED;
    case MFA_WHY_NOTHING_DUE:
        return MFA_ERR_NOTHING_DUE;
    case MFA_WHY_UNLOCKS:
        return MFA_ERR_UNLOCKS;
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
    case MFA_OUTCOME_LIMITED:
        if (why != MFA_WHY_NONE) {
            (void) ngx_http_mfa_output_retry(c->visit.request,
                                             flow->retry_after);
            status = NGX_HTTP_TOO_MANY_REQUESTS;
            break;
        }

        /* fall through */
    default:
        ngx_http_mfa_visit_outcome(&c->visit, flow, MFA_PAGE_ERROR,
                                   MFA_ERR_UNAVAILABLE);
        return;
    }

    ngx_http_mfa_console_refuse(c, status, error);
}


/* --- who acts --- */

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
