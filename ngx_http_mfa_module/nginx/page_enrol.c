/*
 * Setting up a factor: install an app, scan the code, type the first one.
 */

#include "nginx/pages.h"

#include "core/base32.h"
#include "core/flow_enrol.h"
#include "core/otpauth.h"
#include "core/qr.h"

#define QR_MAX   131072                     /* bytes of SVG */
#define KEY_MAX  64                         /* characters of key with blanks */


static void
enrol_run(ngx_http_mfa_visit_t *v, mfa_enrol_e action,
    ngx_http_mfa_task_done_pt done)
{
    mfa_flow_enrol_t  *enrol;

    enrol = ngx_palloc(v->request->pool, sizeof(mfa_flow_enrol_t));

    if (enrol == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_enrol_init(enrol);
    enrol->action = action;
    enrol->flow.trying = action == MFA_ENROL_CONFIRM ? MFA_TRYING_ENROL
                                                     : MFA_TRYING_NOTHING;
    enrol->who = *v->who;
    enrol->code = mfa_form_value(&v->form, "code");

    v->flow = enrol;
    ngx_http_mfa_visit_run(v, done);
}


/* Who has a factor, and has shown it, is not in the wrong without another one on
   its way: the security page is where one begins. */
static ngx_uint_t
nothing_to_show(ngx_http_mfa_visit_t *v, mfa_outcome_e outcome)
{
    return (outcome == MFA_OUTCOME_EXPIRED || outcome == MFA_OUTCOME_FORBIDDEN)
           && v->who->has_session && v->who->session.level == MFA_LEVEL_MFA
           && v->who->account.enrolled;
}


static void
enrol_done(ngx_http_request_t *r, void *data)
{
    mfa_flow_enrol_t      *enrol;
    ngx_http_mfa_visit_t  *v = data;

    enrol = v->flow;
    mfa_wipe(enrol->secret, sizeof(enrol->secret));

    if (nothing_to_show(v, enrol->flow.outcome)) {
        ngx_http_mfa_visit_to_page(v, "security");
        return;
    }

    if (enrol->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_visit_outcome(v, &enrol->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_FORBIDDEN);
        return;
    }

    ngx_http_mfa_visit_page(v, NGX_HTTP_OK, MFA_PAGE_ENROL_APP, MFA_ERR_NONE);
}


void
ngx_http_mfa_enrol_get(ngx_http_mfa_visit_t *v)
{
    enrol_run(v, MFA_ENROL_CHECK, enrol_done);
}


static void
wipe(void *data)
{
    mfa_buf_t  *room = data;

    mfa_wipe(room->data, room->cap);
}


/* A piece of memory that is wiped with the request. */
static ngx_int_t
secret_room(ngx_http_mfa_visit_t *v, size_t cap, mfa_buf_t **room)
{
    u_char              *p;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(v->request->pool, sizeof(mfa_buf_t));
    p = ngx_palloc(v->request->pool, cap);

    if (cln == NULL || p == NULL) {
        return NGX_ERROR;
    }

    *room = cln->data;
    mfa_buf_init(*room, p, cap);
    cln->handler = wipe;

    return NGX_OK;
}


/* The key as people type it: groups of four. */
static void
key_grouped(mfa_buf_t *out, const uint8_t *secret, size_t len)
{
    size_t     i;
    uint8_t    text[KEY_MAX];
    mfa_buf_t  key;

    mfa_buf_init(&key, text, sizeof(text));
    mfa_base32_encode(&key, secret, len);

    for (i = 0; i < key.len; i++) {
        if (i && i % 4 == 0) {
            mfa_buf_byte(out, ' ');
        }

        mfa_buf_byte(out, text[i]);
    }

    mfa_wipe(text, sizeof(text));
}


static void
show_secret(ngx_http_mfa_visit_t *v, ngx_uint_t status, mfa_error_e error)
{
    mfa_buf_t         *key, *uri, *svg;
    mfa_portal_t      *portal;
    mfa_flow_enrol_t  *enrol;

    enrol = v->flow;
    portal = &v->portal->core;

    if (secret_room(v, KEY_MAX, &key) != NGX_OK
        || secret_room(v, MFA_OTPAUTH_MAX, &uri) != NGX_OK
        || secret_room(v, QR_MAX, &svg) != NGX_OK)
    {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    key_grouped(key, enrol->secret, sizeof(enrol->secret));
    mfa_otpauth_make(uri, &portal->totp, portal->issuer,
                     enrol->who.session.login, enrol->secret,
                     sizeof(enrol->secret));
    mfa_wipe(enrol->secret, sizeof(enrol->secret));

    /* Without a picture the key and the link still do. */
    if (!uri->failed
        && mfa_qr_svg(svg, mfa_buf_since(uri, 0), portal->issuer) == 0
        && !svg->failed)
    {
        v->model[MFA_VAR_QR].kind = MFA_VALUE_MARKUP;
        v->model[MFA_VAR_QR].text = mfa_buf_since(svg, 0);
    }

    ngx_http_mfa_set_text(v, MFA_VAR_KEY, mfa_buf_since(key, 0));

    if (!uri->failed) {
        ngx_http_mfa_set_text(v, MFA_VAR_OTPAUTH, mfa_buf_since(uri, 0));
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_REPLACES, v->who->account.enrolled != 0);
    ngx_http_mfa_visit_page(v, status, MFA_PAGE_ENROL_SCAN, error);
}


static void
scan_offered(ngx_http_request_t *r, void *data)
{
    mfa_flow_enrol_t      *enrol;
    ngx_http_mfa_visit_t  *v = data;

    enrol = v->flow;

    if (enrol->flow.outcome == MFA_OUTCOME_DONE) {
        show_secret(v, NGX_HTTP_OK, MFA_ERR_NONE);
        return;
    }

    if (nothing_to_show(v, enrol->flow.outcome)) {
        ngx_http_mfa_visit_to_page(v, "security");
        return;
    }

    ngx_http_mfa_visit_outcome(v, &enrol->flow, MFA_PAGE_ERROR,
                               MFA_ERR_FORBIDDEN);
}


void
ngx_http_mfa_scan_get(ngx_http_mfa_visit_t *v)
{
    enrol_run(v, MFA_ENROL_OFFER, scan_offered);
}


static const char *
done_page(mfa_enrolment_e kind)
{
    switch (kind) {
    case MFA_ENROLMENT_REPLACE:
        return "enrol/done?replaced=1";
    case MFA_ENROLMENT_RESET:
        return "enrol/done?reset=1";
    default:
        return "enrol/done";
    }
}


static void
scan_confirmed(ngx_http_request_t *r, void *data)
{
    mfa_flow_enrol_t      *enrol;
    ngx_http_mfa_visit_t  *v = data;

    enrol = v->flow;

    switch (enrol->flow.outcome) {
    case MFA_OUTCOME_DONE:
        mfa_wipe(enrol->secret, sizeof(enrol->secret));

        if (ngx_http_mfa_visit_opened(v, &enrol->opening) != NGX_OK) {
            ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return;
        }

        ngx_http_mfa_visit_to_page(v, done_page(enrol->kind));
        return;

    case MFA_OUTCOME_REFUSED:
        show_secret(v, NGX_HTTP_UNAUTHORIZED, MFA_ERR_CODE);
        return;

    default:
        mfa_wipe(enrol->secret, sizeof(enrol->secret));
        ngx_http_mfa_visit_outcome(v, &enrol->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_CODE);
        return;
    }
}


void
ngx_http_mfa_scan_post(ngx_http_mfa_visit_t *v)
{
    enrol_run(v, MFA_ENROL_CONFIRM, scan_confirmed);
}


static void
put_off(ngx_http_request_t *r, void *data)
{
    mfa_flow_enrol_t      *enrol;
    ngx_http_mfa_visit_t  *v = data;

    enrol = v->flow;

    if (enrol->flow.outcome == MFA_OUTCOME_DONE) {
        ngx_http_mfa_visit_onward(v, MFA_VERDICT_ALLOW);
        return;
    }

    ngx_http_mfa_visit_outcome(v, &enrol->flow, MFA_PAGE_ERROR,
                               MFA_ERR_FORBIDDEN);
}


void
ngx_http_mfa_later_post(ngx_http_mfa_visit_t *v)
{
    enrol_run(v, MFA_ENROL_LATER, put_off);
}


static void
replaced(ngx_http_request_t *r, void *data)
{
    mfa_flow_enrol_t      *enrol;
    ngx_http_mfa_visit_t  *v = data;

    enrol = v->flow;
    v->next = (mfa_str_t) { NULL, 0 };

    switch (enrol->flow.outcome) {
    case MFA_OUTCOME_DONE:
        ngx_http_mfa_visit_to_page(v, "enrol/scan");
        return;

    case MFA_OUTCOME_CODE:
        ngx_http_mfa_visit_fresh(v);
        return;

    default:
        ngx_http_mfa_visit_outcome(v, &enrol->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_FORBIDDEN);
        return;
    }
}


void
ngx_http_mfa_enrol_replace(ngx_http_mfa_visit_t *v)
{
    enrol_run(v, MFA_ENROL_REPLACE, replaced);
}
