/*
 * The directives of a portal that say how its first factor is given, see
 * portal_first.h.
 */

#include "core/portal_first.h"


static int
refuse(mfa_buf_t *why, const char *what, mfa_str_t value)
{
    mfa_buf_cstr(why, what);
    mfa_buf_cstr(why, " \"");
    mfa_buf_str(why, value);
    mfa_buf_cstr(why, "\"");

    return -1;
}


static int
value_of(mfa_str_t arg, const char *key, mfa_str_t *value)
{
    mfa_str_t  head;

    return mfa_str_cut(arg, '=', &head, value) && mfa_str_is(head, key);
}


/* A path as it is after nginx has read a request: nothing to decode, no query,
   no dots to resolve. */
static int
location_valid(mfa_str_t path)
{
    size_t  i;

    if (path.len < 2 || path.len > 128 || path.data[0] != '/') {
        return 0;
    }

    for (i = 1; i < path.len; i++) {
        uint8_t  c = path.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '-' || c == '_'
              || ((c == '/' || c == '.') && path.data[i - 1] != '/'
                  && (c == '/' || path.data[i - 1] != '.'))))
        {
            return 0;
        }
    }

    return 1;
}


static int
variable_valid(mfa_str_t name)
{
    size_t  i;

    if (name.len < 2 || name.len > 64 || name.data[0] != '$') {
        return 0;
    }

    for (i = 1; i < name.len; i++) {
        uint8_t  c = name.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '_'))
        {
            return 0;
        }
    }

    return 1;
}


int
mfa_first_factor_set(mfa_portal_t *portal, const mfa_str_t *argv, size_t n,
    mfa_buf_t *why)
{
    mfa_str_t  v;

    if (mfa_str_is(argv[1], "local")) {
        portal->first = MFA_FIRST_LOCAL;

    } else if (value_of(argv[1], "request", &v)) {
        if (!location_valid(v)) {
            return refuse(why, "request= must be a path like \"/check\", not",
                          v);
        }

        portal->first = MFA_FIRST_REQUEST;
        portal->first_at = v;

    } else if (value_of(argv[1], "identity", &v)) {
        if (!variable_valid(v)) {
            return refuse(why, "identity= must be a variable like "
                          "\"$remote_user\", not", v);
        }

        portal->first = MFA_FIRST_IDENTITY;
        portal->first_at = (mfa_str_t) { v.data + 1, v.len - 1 };

    } else {
        return refuse(why, "first_factor must be local, request=/uri or "
                      "identity=$variable, not", argv[1]);
    }

    if (n == 2) {
        return 0;
    }

    if (mfa_str_is(argv[2], "provision=off")) {
        return 0;
    }

    /* An account made of nothing but a name has no password to be right. */
    if (portal->first != MFA_FIRST_LOCAL
        && mfa_str_is(argv[2], "provision=on"))
    {
        portal->provision = 1;
        return 0;
    }

    return refuse(why, "invalid parameter", argv[2]);
}


int
mfa_login_form_set(mfa_portal_t *portal, mfa_str_t form, mfa_buf_t *why)
{
    if (mfa_str_is(form, "combined")) {
        portal->combined = 1;
        return 0;
    }

    if (mfa_str_is(form, "steps")) {
        portal->combined = 0;
        return 0;
    }

    return refuse(why, "login_form must be steps or combined, not",
                  form);
}
