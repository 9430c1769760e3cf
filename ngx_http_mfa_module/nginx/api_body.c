/*
 * What a request of the API says: its body, its query, If-Match.  Strict: a name
 * that an operation does not know is refused, not passed over.
 */

#include "nginx/api.h"

#include "core/duration.h"

/* What jansson takes for a byte of text, at most: "a," in an array. */
#define ROOM_EACH  40
#define ROOM_MIN   8192

#define LIMIT_DEFAULT  20

typedef enum {
    TEXT,                                   /* or null */
    FLAG,
    COUNT,
    TEXTS
} kind_e;

static const struct {
    const char  *name;
    kind_e       kind;
} members[NGX_HTTP_MFA_API_MEMBERS] = {
    [NGX_HTTP_MFA_API_LOGIN]     = { "login",      TEXT },
    [NGX_HTTP_MFA_API_EMAIL]     = { "email",      TEXT },
    [NGX_HTTP_MFA_API_NAME]      = { "name",       TEXT },
    [NGX_HTTP_MFA_API_ROLE]      = { "role",       TEXT },
    [NGX_HTTP_MFA_API_DIRECTORY] = { "directory",  TEXT },
    [NGX_HTTP_MFA_API_PASSWORD]  = { "password",   TEXT },
    [NGX_HTTP_MFA_API_REASON]    = { "reason",     TEXT },
    [NGX_HTTP_MFA_API_ACTION]    = { "action",     TEXT },
    [NGX_HTTP_MFA_API_REQUIRE]   = { "require",    FLAG },
    [NGX_HTTP_MFA_API_INVITE]    = { "invite",     FLAG },
    [NGX_HTTP_MFA_API_WIDGET]    = { "widget",     FLAG },
    [NGX_HTTP_MFA_API_GRACE]     = { "grace_days", COUNT },
    [NGX_HTTP_MFA_API_EXPIRES]   = { "expires_in", COUNT },
    [NGX_HTTP_MFA_API_LOGINS]    = { "logins",     TEXTS },
};

static const char *const  parameters[NGX_HTTP_MFA_API_PARAMETERS] = {
    [NGX_HTTP_MFA_API_Q]      = "q",
    [NGX_HTTP_MFA_API_FILTER] = "filter",
    [NGX_HTTP_MFA_API_CURSOR] = "cursor",
    [NGX_HTTP_MFA_API_LIMIT]  = "limit",
    [NGX_HTTP_MFA_API_UNTIL]  = "until",
    [NGX_HTTP_MFA_API_ABOUT]  = "about",
    [NGX_HTTP_MFA_API_WHOSE]  = "login",
    [NGX_HTTP_MFA_API_ACTOR]  = "actor",
    [NGX_HTTP_MFA_API_EVENT]  = "event",
    [NGX_HTTP_MFA_API_RESULT] = "result",
};


/* --- bodies --- */

static mfa_str_t
text_of(const json_t *value)
{
    return (mfa_str_t) { (const uint8_t *) json_string_value(value),
                         json_string_length(value) };
}


static int
take_texts(ngx_http_mfa_api_t *a, json_t *value)
{
    size_t   i;
    json_t  *element;

    a->n_logins = json_array_size(value);

    if (a->n_logins == 0 || a->n_logins > MFA_BULK_MAX) {
        return -1;
    }

    a->logins = ngx_palloc(a->c->visit.request->pool,
                           a->n_logins * sizeof(mfa_str_t));
    if (a->logins == NULL) {
        return -1;
    }

    json_array_foreach(value, i, element) {
        if (!json_is_string(element)) {
            return -1;
        }

        a->logins[i] = text_of(element);
    }

    return 0;
}


/* 0, or -1 when it is not of the member's kind. */
static int
take(ngx_http_mfa_api_t *a, ngx_uint_t m, json_t *value)
{
    switch (members[m].kind) {
    case TEXT:
        if (!json_is_string(value) && !json_is_null(value)) {
            return -1;
        }

        a->text[m] = text_of(value);

        return 0;

    case FLAG:
        a->number[m] = json_is_true(value);

        return json_is_boolean(value) ? 0 : -1;

    case COUNT:
        a->number[m] = json_integer_value(value);

        return json_is_integer(value) && a->number[m] >= 0 ? 0 : -1;

    default:
        return json_is_array(value) ? take_texts(a, value) : -1;
    }
}


static ngx_http_mfa_api_problem_e
take_all(ngx_http_mfa_api_t *a, json_t *json)
{
    json_t      *value;
    ngx_uint_t   m;
    const char  *name;

    json_object_foreach(json, name, value) {
        for (m = 0; m < NGX_HTTP_MFA_API_MEMBERS; m++) {
            if (((a->route->may >> m) & 1)
                && ngx_strcmp(name, members[m].name) == 0)
            {
                break;
            }
        }

        if (m == NGX_HTTP_MFA_API_MEMBERS) {
            return NGX_HTTP_MFA_API_MEMBER;
        }

        if (take(a, m, value) != 0) {
            a->member = members[m].name;
            return NGX_HTTP_MFA_API_MEMBER;
        }

        a->given |= 1u << m;
    }

    for (m = 0; m < NGX_HTTP_MFA_API_MEMBERS; m++) {
        if (((a->route->must & ~a->given) >> m) & 1) {
            a->member = members[m].name;
            return NGX_HTTP_MFA_API_MEMBER;
        }
    }

    return NGX_HTTP_MFA_API_OK;
}


ngx_http_mfa_api_problem_e
ngx_http_mfa_api_body(ngx_http_mfa_api_t *a, mfa_str_t text)
{
    json_t  *json;

    /* Nothing is an object without members. */
    if (text.len == 0 && a->route->must == 0) {
        return NGX_HTTP_MFA_API_OK;
    }

    json = ngx_http_mfa_json_read(a->c->visit.request, text,
                                  ROOM_MIN + ROOM_EACH * text.len);

    return json_is_object(json) ? take_all(a, json)
                                : NGX_HTTP_MFA_API_MALFORMED;
}


/* --- queries --- */

ngx_http_mfa_api_problem_e
ngx_http_mfa_api_query(ngx_http_mfa_api_t *a)
{
    size_t       i;
    ngx_uint_t   p;
    mfa_form_t  *form;

    if (ngx_http_mfa_visit_query(&a->c->visit) != MFA_FORM_OK) {
        return NGX_HTTP_MFA_API_QUERY;
    }

    form = &a->c->visit.query;

    for (i = 0; i < form->n; i++) {
        for (p = 0; p < NGX_HTTP_MFA_API_PARAMETERS; p++) {
            if (((a->route->query >> p) & 1)
                && mfa_str_is(form->fields[i].name, parameters[p]))
            {
                a->query[p] = form->fields[i].value;
                break;
            }
        }

        if (p == NGX_HTTP_MFA_API_PARAMETERS) {
            return NGX_HTTP_MFA_API_QUERY;
        }
    }

    return NGX_HTTP_MFA_API_OK;
}


size_t
ngx_http_mfa_api_limit(ngx_http_mfa_api_t *a, size_t max)
{
    int64_t    n;
    mfa_str_t  text;

    text = a->query[NGX_HTTP_MFA_API_LIMIT];

    if (text.len == 0) {
        return LIMIT_DEFAULT;
    }

    if (mfa_str_int(text, &n) != 0 || n < 1 || n > (int64_t) max) {
        a->member = "limit";
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_QUERY);
        return 0;
    }

    return (size_t) n;
}


int
ngx_http_mfa_api_until(ngx_http_mfa_api_t *a, int64_t *unix_sec)
{
    return mfa_date_parse(a->query[NGX_HTTP_MFA_API_UNTIL], unix_sec);
}


/* --- If-Match --- */

/* One version in quotes, or "*".  A weak one never matches (RFC 9110, 13.1.1). */
ngx_http_mfa_api_problem_e
ngx_http_mfa_api_if_match(ngx_http_mfa_api_t *a)
{
    mfa_str_t   text;
    ngx_str_t  *sent;

    sent = ngx_http_mfa_input_header(a->c->visit.request, "if-match");

    if (sent == NULL || (sent->len == 1 && sent->data[0] == '*')) {
        return NGX_HTTP_MFA_API_OK;
    }

    /* What has no version cannot be held to one. */
    if (a->c->login.len == 0) {
        return NGX_HTTP_MFA_API_IF_MATCH;
    }

    text = ngx_http_mfa_view(sent);

    if (mfa_str_begins(text, "W/")) {
        return NGX_HTTP_MFA_API_VERSION;
    }

    if (text.len < 3 || text.data[0] != '"' || text.data[text.len - 1] != '"') {
        return NGX_HTTP_MFA_API_IF_MATCH;
    }

    text.data++;
    text.len -= 2;

    /* In quotes, but none of ours: it matches nothing. */
    return mfa_str_int(text, &a->if_version) == 0 && a->if_version >= 0
           ? NGX_HTTP_MFA_API_OK : NGX_HTTP_MFA_API_VERSION;
}
