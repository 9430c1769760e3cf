/*
 * Directives about mail, see portal_mail.h.
 */

#include "core/portal_mail.h"
#include "core/account.h"

#define BASE_URL_MAX  200                   /* bytes */


static int
refuse(mfa_buf_t *why, const char *what, mfa_str_t value)
{
    mfa_buf_cstr(why, what);
    mfa_buf_cstr(why, " \"");
    mfa_buf_str(why, value);
    mfa_buf_cstr(why, "\"");

    return -1;
}


/* A link with a token goes over TLS; this very machine is the exception. */
static int
is_loopback(mfa_str_t host)
{
    size_t     i;
    mfa_str_t  name;

    static const char *const  names[] = { "localhost", "127.0.0.1", "[::1]" };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        name = mfa_str_from(names[i]);

        if (mfa_str_begins(host, names[i])
            && (host.len == name.len || host.data[name.len] == ':'))
        {
            return 1;
        }
    }

    return 0;
}


/* SCHEME://HOST[:PORT], and nothing behind it: the pages path follows. */
static int
base_url_check(mfa_str_t url)
{
    size_t     i;
    mfa_str_t  host;

    host = url;

    if (mfa_str_begins(url, "https://")) {
        host.data += sizeof("https://") - 1;
        host.len -= sizeof("https://") - 1;

    } else if (mfa_str_begins(url, "http://")) {
        host.data += sizeof("http://") - 1;
        host.len -= sizeof("http://") - 1;

        if (!is_loopback(host)) {
            return 0;
        }

    } else {
        return 0;
    }

    for (i = 0; i < host.len; i++) {
        uint8_t  c = host.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '.' || c == '-'
              || (i && c == ':') || c == '[' || c == ']'))
        {
            return 0;
        }
    }

    return host.len > 0 && url.len <= BASE_URL_MAX;
}


int
mfa_mail_set(mfa_portal_t *portal, const mfa_str_t *argv, size_t n,
    mfa_buf_t *why)
{
    size_t     i;
    mfa_str_t  key, value;

    for (i = 1; i < n; i++) {
        if (!mfa_str_cut(argv[i], '=', &key, &value)) {
            return refuse(why, "invalid parameter in \"mail\":", argv[i]);
        }

        if (mfa_str_is(key, "from")) {
            if (!mfa_email_check(value)) {
                return refuse(why, "mail from= is no address:", value);
            }

            portal->mail_from = value;

        } else if (mfa_str_is(key, "base_url")) {
            if (!base_url_check(value)) {
                return refuse(why, "mail base_url= must be like "
                              "\"https://portal.example.com\", not", value);
            }

            portal->base_url = value;

        } else if (mfa_str_is(argv[i], "new_network=on")) {
            portal->mail_new_network = 1;

        } else if (mfa_str_is(argv[i], "new_network=off")) {
            portal->mail_new_network = 0;

        } else {
            return refuse(why, "invalid parameter in \"mail\":", argv[i]);
        }
    }

    if (portal->mail_from.len == 0) {
        mfa_buf_cstr(why, "mail needs from=");
        return -1;
    }

    return 0;
}


int
mfa_on_require_set(mfa_portal_t *portal, mfa_str_t arg, mfa_buf_t *why)
{
    if (mfa_str_is(arg, "mail=setup")) {
        portal->on_require = MFA_ON_REQUIRE_SETUP;

    } else if (mfa_str_is(arg, "mail=password_reset")) {
        portal->on_require = MFA_ON_REQUIRE_PASSWORD;

    } else if (mfa_str_is(arg, "mail=none")) {
        portal->on_require = MFA_ON_REQUIRE_NONE;

    } else {
        return refuse(why, "on_require must be mail=setup, mail=password_reset "
                      "or mail=none, not", arg);
    }

    return 0;
}


int
mfa_self_reset_set(mfa_portal_t *portal, mfa_str_t arg, mfa_buf_t *why)
{
    portal->self_reset_off = mfa_str_is(arg, "off");

    return portal->self_reset_off || mfa_str_is(arg, "mail") ? 0
           : refuse(why, "self_reset must be mail or off, not", arg);
}


int
mfa_mail_finish(const mfa_portal_t *portal, mfa_buf_t *why)
{
    if (portal->on_require != MFA_ON_REQUIRE_PASSWORD) {
        return 0;
    }

    if (portal->mail_from.len == 0 || portal->base_url.len == 0) {
        mfa_buf_cstr(why, "on_require mail=password_reset needs mail from= and "
                     "base_url=");
        return -1;
    }

    if (portal->first != MFA_FIRST_LOCAL) {
        mfa_buf_cstr(why, "on_require mail=password_reset needs first_factor "
                     "local");
        return -1;
    }

    return 0;
}
