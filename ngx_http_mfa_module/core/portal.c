/*
 * The directives inside mfa_portal, one table: name, number of parameters, what
 * sets it.  To add one, write its setter and its row, then its row in README.
 * Numbers and times have their bounds in portal_range.c.
 */

#include "core/portal.h"
#include "core/cookie.h"
#include "core/duration.h"
#include "core/portal_first.h"
#include "core/portal_mail.h"
#include "core/portal_range.h"

#include <string.h>


typedef struct {
    const mfa_str_t  *argv;
    size_t            n;
    mfa_buf_t        *why;
} args_t;

typedef struct {
    const char  *name;
    size_t       min;                       /* parameters, without the name */
    size_t       max;
    int        (*set)(mfa_portal_t *portal, const args_t *args);
} directive_t;


static int
refuse(const args_t *args, const char *what, mfa_str_t value)
{
    mfa_buf_cstr(args->why, what);
    mfa_buf_cstr(args->why, " \"");
    mfa_buf_str(args->why, value);
    mfa_buf_cstr(args->why, "\"");

    return -1;
}


/* Splits key=value; value is empty when there is no '='. */
static int
pair_is(mfa_str_t arg, const char *key, mfa_str_t *value)
{
    mfa_str_t  head;

    return mfa_str_cut(arg, '=', &head, value) && mfa_str_is(head, key);
}


/* A parameter that is none of the directive's, or not a value of its own. */
static int
refuse_parameter(const args_t *args, size_t i)
{
    refuse(args, "invalid parameter", args->argv[i]);
    mfa_buf_cstr(args->why, " in \"");
    mfa_buf_str(args->why, args->argv[0]);
    mfa_buf_cstr(args->why, "\"");

    return -1;
}


/* Numbers and times, each in its row of portal_range.c. */
static int
set_ranges(mfa_portal_t *portal, const args_t *args)
{
    size_t  i;

    for (i = 1; i < args->n; i++) {
        if (mfa_portal_range_set(portal, args->argv[0], args->argv[i],
                                 args->why) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
set_issuer(mfa_portal_t *portal, const args_t *args)
{
    if (args->argv[1].len == 0 || args->argv[1].len > 64
        || !mfa_str_printable(args->argv[1]))
    {
        return refuse(args, "invalid issuer", args->argv[1]);
    }

    portal->issuer = args->argv[1];

    return 0;
}


static int
set_pages(mfa_portal_t *portal, const args_t *args)
{
    size_t     i;
    mfa_str_t  path;

    path = args->argv[1];

    if (path.len < 3 || path.len > 128 || path.data[0] != '/'
        || path.data[path.len - 1] != '/')
    {
        return refuse(args, "pages must be a path like \"/mfa/\", not", path);
    }

    for (i = 1; i < path.len; i++) {
        uint8_t  c = path.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'
              || (c == '/' && path.data[i - 1] != '/')))
        {
            return refuse(args, "invalid character in pages", path);
        }

        /* "/./" and "/../" are gone from a URI when its location is found. */
        if (c == '/' && path.data[i - 1] == '.'
            && (path.data[i - 2] == '/'
                || (path.data[i - 2] == '.' && path.data[i - 3] == '/')))
        {
            return refuse(args, "invalid path in pages", path);
        }
    }

    portal->pages = path;

    return 0;
}


static int
set_first_factor(mfa_portal_t *portal, const args_t *args)
{
    return mfa_first_factor_set(portal, args->argv, args->n, args->why);
}


static int
set_login_form(mfa_portal_t *portal, const args_t *args)
{
    return mfa_login_form_set(portal, args->argv[1], args->why);
}


static int
set_require(mfa_portal_t *portal, const args_t *args)
{
    mfa_str_t  date;

    if (mfa_str_is(args->argv[1], "account")) {
        portal->require = MFA_REQUIRE_ACCOUNT;
        return 0;
    }

    if (mfa_str_is(args->argv[1], "all")) {
        portal->require = MFA_REQUIRE_ALL;
        return 0;
    }

    if (pair_is(args->argv[1], "new_since", &date)
        && mfa_date_parse(date, &portal->new_since) == 0)
    {
        portal->require = MFA_REQUIRE_NEW_SINCE;
        return 0;
    }

    return refuse(args, "require must be account, all or new_since=YYYY-MM-DD,"
                  " not", args->argv[1]);
}


static int
set_remember_device(mfa_portal_t *portal, const args_t *args)
{
    if (mfa_str_is(args->argv[1], "off")) {
        portal->remember_sec = 0;
        return 0;
    }

    return set_ranges(portal, args);
}


static int
set_algorithm(mfa_portal_t *portal, const args_t *args, mfa_str_t v)
{
    if (mfa_str_is(v, "sha1")) {
        portal->totp.algorithm = MFA_TOTP_SHA1;

    } else if (mfa_str_is(v, "sha256")) {
        portal->totp.algorithm = MFA_TOTP_SHA256;

    } else if (mfa_str_is(v, "sha512")) {
        portal->totp.algorithm = MFA_TOTP_SHA512;

    } else {
        return refuse(args, "algorithm must be sha1, sha256 or sha512, not", v);
    }

    return 0;
}


static int
set_totp(mfa_portal_t *portal, const args_t *args)
{
    int        rc;
    size_t     i;
    mfa_str_t  v;

    for (i = 1; i < args->n; i++) {
        rc = pair_is(args->argv[i], "algorithm", &v)
             ? set_algorithm(portal, args, v)
             : mfa_portal_range_set(portal, args->argv[0], args->argv[i],
                                    args->why);
        if (rc != 0) {
            return -1;
        }
    }

    return 0;
}


static int
cookie_name_valid(mfa_str_t name)
{
    size_t  i;

    if (name.len == 0 || name.len > MFA_COOKIE_NAME_MAX - 8) {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        uint8_t  c = name.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '_' || c == '-'))
        {
            return 0;
        }
    }

    return 1;
}


static int
domain_valid(mfa_str_t domain)
{
    size_t  i;

    if (domain.len == 0 || domain.len > 253) {
        return 0;
    }

    for (i = 0; i < domain.len; i++) {
        uint8_t  c = domain.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
              || c == '.'))
        {
            return 0;
        }
    }

    return 1;
}


static int
set_cookie(mfa_portal_t *portal, const args_t *args)
{
    size_t     i;
    mfa_str_t  v;

    for (i = 1; i < args->n; i++) {
        if (pair_is(args->argv[i], "name", &v) && cookie_name_valid(v)) {
            portal->cookie_name = v;

        } else if (pair_is(args->argv[i], "domain", &v) && domain_valid(v)) {
            portal->cookie_domain = v;

        } else if (mfa_str_is(args->argv[i], "samesite=lax")) {
            portal->cookie_strict = 0;

        } else if (mfa_str_is(args->argv[i], "samesite=strict")) {
            portal->cookie_strict = 1;

        } else if (mfa_str_is(args->argv[i], "secure=on")) {
            portal->cookie_auto = 0;

        } else if (mfa_str_is(args->argv[i], "secure=auto")) {
            portal->cookie_auto = 1;

        } else {
            return refuse_parameter(args, i);
        }
    }

    return 0;
}


static int
set_directory_mfa(mfa_portal_t *portal, const args_t *args)
{
    portal->directory_mfa = mfa_str_is(args->argv[1], "on");

    return portal->directory_mfa || mfa_str_is(args->argv[1], "off") ? 0
           : refuse(args, "directory_mfa must be on or off, not",
                    args->argv[1]);
}


static int
set_mail(mfa_portal_t *portal, const args_t *args)
{
    return mfa_mail_set(portal, args->argv, args->n, args->why);
}


static int
set_on_require(mfa_portal_t *portal, const args_t *args)
{
    return mfa_on_require_set(portal, args->argv[1], args->why);
}


static int
set_self_reset(mfa_portal_t *portal, const args_t *args)
{
    return mfa_self_reset_set(portal, args->argv[1], args->why);
}


static int
color_valid(mfa_str_t color)
{
    size_t  i;

    if ((color.len != 4 && color.len != 7) || color.data[0] != '#') {
        return 0;
    }

    for (i = 1; i < color.len; i++) {
        uint8_t  c = color.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
              || (c >= 'A' && c <= 'F')))
        {
            return 0;
        }
    }

    return 1;
}


static int
set_brand(mfa_portal_t *portal, const args_t *args)
{
    size_t     i;
    mfa_str_t  v;

    for (i = 1; i < args->n; i++) {
        if (pair_is(args->argv[i], "name", &v) && v.len > 0 && v.len <= 64
            && mfa_str_printable(v))
        {
            portal->brand_name = v;

        } else if (pair_is(args->argv[i], "color", &v) && color_valid(v)) {
            portal->brand_color = v;

        } else {
            return refuse_parameter(args, i);
        }
    }

    return 0;
}


static int
locale_valid(mfa_str_t name)
{
    size_t  i;

    if (name.len < 2 || name.len > 8) {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        if (!((name.data[i] >= 'a' && name.data[i] <= 'z')
              || name.data[i] == '-'))
        {
            return 0;
        }
    }

    return 1;
}


static int
set_locale(mfa_portal_t *portal, const args_t *args)
{
    size_t  i;

    for (i = 1; i < args->n; i++) {
        if (!locale_valid(args->argv[i])) {
            return refuse(args, "invalid locale", args->argv[i]);
        }

        portal->locales[i - 1] = args->argv[i];
    }

    portal->n_locales = args->n - 1;

    return 0;
}


static const directive_t  directives[] = {
    { "issuer",        1, 1, set_issuer },
    { "pages",         1, 1, set_pages },
    { "first_factor",  1, 2, set_first_factor },
    { "login_form",    1, 1, set_login_form },
    { "require",       1, 1, set_require },
    { "grace",         1, 1, set_ranges },
    { "session",       1, 5, set_ranges },
    { "remember_device", 1, 1, set_remember_device },
    { "totp",          1, 4, set_totp },
    { "limit",         1, 3, set_ranges },
    { "cookie",        1, 4, set_cookie },
    { "directory_mfa", 1, 1, set_directory_mfa },
    { "mail",          1, 3, set_mail },
    { "on_require",    1, 1, set_on_require },
    { "self_reset",    1, 1, set_self_reset },
    { "brand",         1, 2, set_brand },
    { "locale",        1, MFA_PORTAL_LOCALES_MAX, set_locale },
};


int
mfa_portal_init(mfa_portal_t *portal, mfa_str_t name)
{
    size_t  i;

    if (name.len == 0 || name.len > MFA_PORTAL_NAME_MAX
        || name.data[0] < 'a' || name.data[0] > 'z')
    {
        return -1;
    }

    for (i = 0; i < name.len; i++) {
        uint8_t  c = name.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
              || c == '-'))
        {
            return -1;
        }
    }

    if (mfa_str_is(name, "off")) {              /* "mfa off" is no portal */
        return -1;
    }

    memset(portal, 0, sizeof(mfa_portal_t));

    portal->name = name;
    portal->issuer = name;
    portal->pages = mfa_lit("/mfa/");
    portal->grace_sec = 7 * 86400;
    portal->idle_sec = 30 * 60;
    portal->absolute_sec = 12 * 3600;
    portal->half_sec = 10 * 60;
    portal->recheck_sec = 30;
    portal->max_sessions = 20;
    portal->totp = (mfa_totp_params_t) { 6, 30, 1, MFA_TOTP_SHA1 };
    portal->limit_password = (mfa_limit_t) { 5, 15 * 60 };
    portal->limit_code = (mfa_limit_t) { 5, 15 * 60 };
    portal->limit_address = (mfa_limit_t) { 50, 10 * 60 };
    portal->locales[0] = mfa_lit("en");
    portal->n_locales = 1;

    return 0;
}


int
mfa_portal_set(mfa_portal_t *portal, const mfa_str_t *argv, size_t n,
    mfa_buf_t *why)
{
    size_t        i;
    args_t        args;
    mfa_portal_t  changed;

    args = (args_t) { argv, n, why };

    for (i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
        if (mfa_str_is(argv[0], directives[i].name)) {
            break;
        }
    }

    if (i == sizeof(directives) / sizeof(directives[0])) {
        return refuse(&args, "unknown directive", argv[0]);
    }

    if (n - 1 < directives[i].min || n - 1 > directives[i].max) {
        return refuse(&args, "invalid number of parameters in", argv[0]);
    }

    if (portal->seen & (1u << i)) {
        return refuse(&args, "duplicate directive", argv[0]);
    }

    changed = *portal;

    if (directives[i].set(&changed, &args) != 0) {
        return -1;
    }

    changed.seen |= 1u << i;
    *portal = changed;

    return 0;
}


int
mfa_portal_finish(mfa_portal_t *portal, mfa_buf_t *room, mfa_buf_t *why)
{
    size_t  from, prefix;

    if (portal->idle_sec > portal->absolute_sec) {
        mfa_buf_cstr(why, "session idle= is longer than absolute=");
        return -1;
    }

    if (portal->combined && portal->first == MFA_FIRST_IDENTITY) {
        mfa_buf_cstr(why, "login_form combined has no form with first_factor "
                     "identity=");
        return -1;
    }

    if (mfa_mail_finish(portal, why) != 0) {
        return -1;
    }

    if (portal->cookie_name.len == 0) {
        from = room->len;

        /* The prefix makes browsers refuse the name from anywhere but this
           very host over TLS; Domain does not go with it. */
        if (portal->cookie_domain.len == 0) {
            mfa_buf_cstr(room, "__Host-");
        }

        mfa_buf_cstr(room, "mfa_");
        mfa_buf_str(room, portal->name);
        portal->cookie_name = mfa_buf_since(room, from);

        if (room->failed) {
            mfa_buf_cstr(why, "cookie name is too long");
            return -1;
        }
    }

    prefix = mfa_str_begins(portal->cookie_name, "__Host-")
             ? sizeof("__Host-") - 1 : 0;

    if (prefix && portal->cookie_domain.len) {
        mfa_buf_cstr(why, "a cookie named \"__Host-...\" goes without domain=");
        return -1;
    }

    portal->cookie_plain = portal->cookie_name;
    portal->cookie_plain.data += prefix;
    portal->cookie_plain.len -= prefix;

    if (portal->cookie_plain.len == 0) {
        mfa_buf_cstr(why, "a cookie name is missing behind \"__Host-\"");
        return -1;
    }

    return 0;
}


int64_t
mfa_portal_code_run_max(const mfa_portal_t *portal)
{
    int64_t  n;

    n = portal->limit_code.n;

    return n < 10 ? 10 : n > 100 ? 100 : n;
}
