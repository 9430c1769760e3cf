/*
 * The directives of an mfa_portal block: every row of the table in portal.c
 * with good and bad values, twice, with too few and too many parameters.  What
 * the end of the block makes of them is in test_portal_finish.c.  When this
 * breaks, a typing error weakens a gate instead of being refused.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "core/portal.h"
#include "exact_pool.h"


#define LONG_16  "0123456789abcdef"
#define LONG_64  LONG_16 LONG_16 LONG_16 LONG_16

static mfa_portal_t  portal;
static uint8_t       room[512];
static mfa_buf_t     why;


static int
setup(void **state)
{
    (void) state;
    assert_int_equal(mfa_portal_init(&portal, pool_text("user")), 0);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


/* The words of a line as one directive. */
static int
set(const char *line)
{
    size_t     n = 0;
    mfa_str_t  argv[16], rest;

    rest = mfa_str_from(line);

    do {
        mfa_str_cut(rest, ' ', &argv[n], &rest);
        argv[n] = pool_bytes(argv[n].data, argv[n].len);
        n++;
    } while (rest.len);

    mfa_buf_init(&why, room, sizeof(room));

    return mfa_portal_set(&portal, argv, n, &why);
}


/* On a fresh portal: taken. */
static void
takes(const char *line)
{
    assert_int_equal(mfa_portal_init(&portal, pool_text("user")), 0);
    assert_int_equal(set(line), 0);
    assert_int_equal(why.len, 0);
}


/* On a fresh portal: refused with a reason, and nothing of it is taken. */
static void
refuses(const char *line)
{
    mfa_portal_t  before;

    assert_int_equal(mfa_portal_init(&portal, pool_text("user")), 0);
    before = portal;
    assert_int_equal(set(line), -1);
    assert_true(why.len > 0 && !why.failed);
    assert_memory_equal(&portal, &before, sizeof(portal));
}


static void
says(const char *line, const char *text)
{
    refuses(line);
    assert_true(buf_is(&why, text));
}


static void
names_of_portals(void **state)
{
    size_t  i;

    static const char *const  good[] = {
        "user", "a", "a-b_c9", "abcdefghijklmnopqrstuvwxyz012345"
    };
    static const char *const  bad[] = {
        "", "9a", "-a", "_a", "User", "a b", "a}", "a{b", "a:b", "a.b",
        "abcdefghijklmnopqrstuvwxyz0123456", "\xc3\xa4", "a\n", "off"
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(mfa_portal_init(&portal, pool_text(good[i])), 0);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(mfa_portal_init(&portal, pool_text(bad[i])), -1);
    }

    assert_int_equal(mfa_portal_init(&portal, (mfa_str_t) { NULL, 0 }), -1);
    assert_int_equal(mfa_portal_init(&portal, pool_bytes("a\0b", 3)), -1);
}


static void
without_directives_it_is_as_documented(void **state)
{
    (void) state;

    assert_true(mfa_str_is(portal.name, "user"));
    assert_true(mfa_str_is(portal.issuer, "user"));
    assert_true(mfa_str_is(portal.pages, "/mfa/"));
    assert_int_equal(portal.require, MFA_REQUIRE_ACCOUNT);
    assert_int_equal(portal.grace_sec, 7 * 86400);
    assert_int_equal(portal.idle_sec, 1800);
    assert_int_equal(portal.absolute_sec, 43200);
    assert_int_equal(portal.half_sec, 600);
    assert_int_equal(portal.recheck_sec, 30);
    assert_int_equal(portal.max_sessions, 20);
    assert_int_equal(portal.totp.digits, 6);
    assert_int_equal(portal.totp.period_sec, 30);
    assert_int_equal(portal.totp.skew, 1);
    assert_int_equal(portal.totp.algorithm, MFA_TOTP_SHA1);
    assert_int_equal(portal.limit_password.n, 5);
    assert_int_equal(portal.limit_password.window_sec, 900);
    assert_int_equal(portal.limit_code.n, 5);
    assert_int_equal(portal.limit_code.window_sec, 900);
    assert_int_equal(portal.limit_address.n, 50);
    assert_int_equal(portal.limit_address.window_sec, 600);
    assert_int_equal(portal.cookie_strict, 0);
    assert_int_equal(portal.cookie_auto, 0);
    assert_int_equal(portal.directory_mfa, 0);
    assert_int_equal(portal.n_locales, 1);
    assert_true(mfa_str_is(portal.locales[0], "en"));
}


static void
issuer(void **state)
{
    (void) state;

    takes("issuer Example");
    assert_true(mfa_str_is(portal.issuer, "Example"));
    takes("issuer \xc3\x9c" "ber");
    takes("issuer " LONG_64);
    refuses("issuer " LONG_64 "x");
    refuses("issuer a\nb");
    refuses("issuer \xff");
    says("issuer a\x01", "invalid issuer \"a\x01\"");
}


static void
pages(void **state)
{
    (void) state;

    takes("pages /x/");
    takes("pages /a-Z_0.9/.b/c/");
    assert_true(mfa_str_is(portal.pages, "/a-Z_0.9/.b/c/"));
    refuses("pages /");
    refuses("pages //");
    refuses("pages /mfa");
    refuses("pages mfa/");
    refuses("pages /a//b/");
    refuses("pages /a?b/");
    refuses("pages /a%20/");
    refuses("pages /\xc3\xa4/");
    refuses("pages /./");
    refuses("pages /../");
    refuses("pages /a/../b/");
    refuses("pages /" LONG_64 LONG_64 "/");
    refuses("pages https://h/mfa/");
}


static void
require(void **state)
{
    (void) state;

    takes("require account");
    assert_int_equal(portal.require, MFA_REQUIRE_ACCOUNT);
    takes("require all");
    assert_int_equal(portal.require, MFA_REQUIRE_ALL);
    takes("require new_since=2023-10-01");
    assert_int_equal(portal.require, MFA_REQUIRE_NEW_SINCE);
    assert_int_equal(portal.new_since, 1696118400);
    refuses("require ALL");
    refuses("require al");
    refuses("require none");
    refuses("require new_since");
    refuses("require new_since=");
    refuses("require new_since=2023-02-29");
    refuses("require old_since=2023-10-01");
    refuses("require all all");
}


static void
grace(void **state)
{
    (void) state;

    takes("grace 0");
    assert_int_equal(portal.grace_sec, 0);
    takes("grace 14d");
    assert_int_equal(portal.grace_sec, 14 * 86400);
    takes("grace 365d");
    refuses("grace 366d");
    refuses("grace 365d1s");
    refuses("grace -1");
    refuses("grace seven");
    says("grace 7x", "invalid time \"7x\" in \"grace\", it must be 0 to 365d");
}


static void
session(void **state)
{
    (void) state;

    takes("session idle=5m absolute=1h max=3 half=90s recheck=1s");
    assert_int_equal(portal.idle_sec, 300);
    assert_int_equal(portal.absolute_sec, 3600);
    assert_int_equal(portal.max_sessions, 3);
    assert_int_equal(portal.half_sec, 90);
    assert_int_equal(portal.recheck_sec, 1);
    takes("session max=1");
    assert_int_equal(portal.idle_sec, 1800);
    takes("session idle=30d");
    refuses("session idle=0");
    refuses("session idle=31d");
    refuses("session absolute=0");
    refuses("session absolute=31d");
    refuses("session half=0");
    refuses("session half=61m");
    takes("session recheck=1h");
    assert_int_equal(portal.recheck_sec, 3600);
    refuses("session recheck=0");
    refuses("session recheck=61m");
    refuses("session recheck=off");
    refuses("session max=0");
    refuses("session max=1001");
    refuses("session max=-1");
    refuses("session max=x");
    refuses("session idle");
    refuses("session idle=");
    refuses("session idle=5m absolute=x");
    says("session life=5m", "unknown parameter \"life=5m\" in \"session\"");
    says("session half=61m", "invalid time \"61m\" in \"session half=\", it must"
         " be 1s to 1h");
    says("session max=0", "invalid number \"0\" in \"session max=\", it must be"
         " 1 to 1000");
}


static void
totp(void **state)
{
    (void) state;

    takes("totp digits=8 period=60 skew=0 algorithm=sha512");
    assert_int_equal(portal.totp.digits, 8);
    assert_int_equal(portal.totp.period_sec, 60);
    assert_int_equal(portal.totp.skew, 0);
    assert_int_equal(portal.totp.algorithm, MFA_TOTP_SHA512);
    takes("totp algorithm=sha256");
    assert_int_equal(portal.totp.algorithm, MFA_TOTP_SHA256);
    takes("totp algorithm=sha1");
    assert_int_equal(portal.totp.algorithm, MFA_TOTP_SHA1);
    takes("totp digits=7 skew=3 period=10");
    refuses("totp digits=5");
    refuses("totp digits=9");
    refuses("totp digits=4294967302");
    refuses("totp period=9");
    refuses("totp period=301");
    refuses("totp skew=4");
    refuses("totp skew=-1");
    refuses("totp algorithm=SHA1");
    refuses("totp algorithm=md5");
    refuses("totp algorithm=");
    refuses("totp 6");
    says("totp window=3", "unknown parameter \"window=3\" in \"totp\"");
    says("totp skew=4", "invalid number \"4\" in \"totp skew=\", it must be 0 to"
         " 3");
}


static void
limit(void **state)
{
    (void) state;

    takes("limit password=3/1m code=4/2m address=1000000/1d");
    assert_int_equal(portal.limit_password.n, 3);
    assert_int_equal(portal.limit_password.window_sec, 60);
    assert_int_equal(portal.limit_code.n, 4);
    assert_int_equal(portal.limit_code.window_sec, 120);
    assert_int_equal(portal.limit_address.n, 1000000);
    assert_int_equal(portal.limit_address.window_sec, 86400);
    takes("limit code=1/1s");
    assert_int_equal(portal.limit_password.n, 5);
    refuses("limit code=0/1m");
    refuses("limit code=-1/1m");
    refuses("limit code=1000001/1m");
    refuses("limit code=5/0");
    refuses("limit code=5/25h");
    refuses("limit code=5/");
    refuses("limit code=/5m");
    refuses("limit code=");
    refuses("limit code=5/1m/1m");
    says("limit code=5", "invalid limit \"5\" in \"limit code=\", it is written"
         " N/TIME");
    says("limit code=0/1m", "invalid number \"0\" in \"limit code=\", it must be"
         " 1 to 1000000");
    says("limit code=5/25h", "invalid time \"25h\" in \"limit code=\", it must be"
         " 1s to 1d");
    says("limit login=5/1m", "unknown parameter \"login=5/1m\" in"
         " \"limit\"");
}


static void
cookie(void **state)
{
    (void) state;

    takes("cookie name=sid-1_A domain=example.org samesite=strict secure=auto");
    assert_true(mfa_str_is(portal.cookie_name, "sid-1_A"));
    assert_true(mfa_str_is(portal.cookie_domain, "example.org"));
    assert_int_equal(portal.cookie_strict, 1);
    assert_int_equal(portal.cookie_auto, 1);
    takes("cookie samesite=lax secure=on");
    assert_int_equal(portal.cookie_strict, 0);
    assert_int_equal(portal.cookie_auto, 0);
    refuses("cookie name=");
    refuses("cookie name=a=b");
    refuses("cookie name=a;b");
    refuses("cookie name=a\xc3\xa4");
    refuses("cookie name=" LONG_64);
    refuses("cookie domain=");
    refuses("cookie domain=Example.org");
    refuses("cookie domain=a;Secure");
    refuses("cookie samesite=none");
    refuses("cookie secure=off");
    refuses("cookie httponly=off");
    says("cookie sid", "invalid parameter \"sid\" in \"cookie\"");
}


static void
directory_mfa(void **state)
{
    (void) state;

    takes("directory_mfa on");
    assert_int_equal(portal.directory_mfa, 1);
    takes("directory_mfa off");
    assert_int_equal(portal.directory_mfa, 0);
    refuses("directory_mfa ON");
    says("directory_mfa yes", "directory_mfa must be on or off, not \"yes\"");
}


static void
mail(void **state)
{
    (void) state;

    takes("mail from=mfa@example.com");
    assert_true(mfa_str_is(portal.mail_from, "mfa@example.com"));
    assert_int_equal(portal.base_url.len, 0);
    assert_int_equal(portal.mail_new_network, 0);
    takes("mail from=mfa@example.com base_url=https://p.example.com "
          "new_network=on");
    assert_true(mfa_str_is(portal.base_url, "https://p.example.com"));
    assert_int_equal(portal.mail_new_network, 1);

    /* A link with a token goes over TLS, but to this machine. */
    takes("mail from=a@b.org base_url=https://[2001:db8::1]:8443");
    takes("mail from=a@b.org base_url=http://localhost");
    takes("mail from=a@b.org base_url=http://127.0.0.1:8080");
    takes("mail from=a@b.org base_url=http://[::1]:8080");
    refuses("mail from=a@b.org base_url=http://portal.example.com");
    refuses("mail from=a@b.org base_url=http://localhost.example.com");
    refuses("mail from=a@b.org base_url=http://127.0.0.1.example.com");
    refuses("mail from=a@b.org base_url=http://[::1].example.com");
    refuses("mail from=a@b.org base_url=http://localhost@example.com");
    refuses("mail from=a@b.org base_url=https://");
    refuses("mail from=a@b.org base_url=https://:80");
    refuses("mail from=a@b.org base_url=https://a.org/");
    refuses("mail from=a@b.org base_url=https://a.org?x=");
    refuses("mail from=a@b.org base_url=https://u@a.org");
    refuses("mail from=a@b.org base_url=ftp://a.org");
    refuses("mail from=nobody");
    refuses("mail from=a@b@c");
    refuses("mail base_url=https://a.org");
    refuses("mail to=a@b.org");
    refuses("mail from=a@b.org new_network=yes");
    refuses("mail a@b.org");
    says("mail new_network=on", "mail needs from=");
}


static void
on_require(void **state)
{
    (void) state;

    takes("on_require mail=setup");
    assert_int_equal(portal.on_require, MFA_ON_REQUIRE_SETUP);
    takes("on_require mail=password_reset");
    assert_int_equal(portal.on_require, MFA_ON_REQUIRE_PASSWORD);
    takes("on_require mail=none");
    assert_int_equal(portal.on_require, MFA_ON_REQUIRE_NONE);
    says("on_require setup", "on_require must be mail=setup, "
         "mail=password_reset or mail=none, not \"setup\"");
}


static void
self_reset(void **state)
{
    (void) state;

    takes("self_reset off");
    assert_int_equal(portal.self_reset_off, 1);
    takes("self_reset mail");
    assert_int_equal(portal.self_reset_off, 0);
    says("self_reset on", "self_reset must be mail or off, not \"on\"");
}


static void
brand(void **state)
{
    (void) state;

    takes("brand name=Acme color=#09f");
    assert_true(mfa_str_is(portal.brand_name, "Acme"));
    assert_true(mfa_str_is(portal.brand_color, "#09f"));
    takes("brand color=#00Ff99");
    refuses("brand color=red");
    refuses("brand color=#12");
    refuses("brand color=#12345");
    refuses("brand color=#12g");
    refuses("brand color=#1;}");
    refuses("brand color=#\x10\x11\x12");
    refuses("brand color=");
    refuses("brand name=");
    refuses("brand name=\xff");
    refuses("brand name=" LONG_64 "x");
    says("brand icon=x", "invalid parameter \"icon=x\" in \"brand\"");
}


static void
locale(void **state)
{
    (void) state;

    takes("locale de en pt-br");
    assert_int_equal(portal.n_locales, 3);
    assert_true(mfa_str_is(portal.locales[0], "de"));
    assert_true(mfa_str_is(portal.locales[2], "pt-br"));
    takes("locale aa bb cc dd ee ff gg hh");
    refuses("locale aa bb cc dd ee ff gg hh ii");
    refuses("locale e");
    refuses("locale EN");
    refuses("locale ../en");
    refuses("locale en/us");
    refuses("locale abcdefghi");
    says("locale en D", "invalid locale \"D\"");
}


static void
first_factor(void **state)
{
    (void) state;

    assert_int_equal(portal.first, MFA_FIRST_LOCAL);
    takes("first_factor local");
    takes("first_factor request=/a/b-c_d.e");
    assert_int_equal(portal.first, MFA_FIRST_REQUEST);
    assert_true(mfa_str_is(portal.first_at, "/a/b-c_d.e"));
    assert_int_equal(portal.provision, 0);
    takes("first_factor identity=$ab_9 provision=on");
    assert_int_equal(portal.first, MFA_FIRST_IDENTITY);
    assert_true(mfa_str_is(portal.first_at, "ab_9"));
    assert_int_equal(portal.provision, 1);
    refuses("first_factor request=/");
    refuses("first_factor request=/a/../b");
    refuses("first_factor request=/%61");
    refuses("first_factor request=/" LONG_64 LONG_64);
    refuses("first_factor identity=$a-b");
    refuses("first_factor identity=$" LONG_64);
    says("first_factor local provision=on",
         "invalid parameter \"provision=on\"");
    says("first_factor x", "first_factor must be local, request=/uri or "
         "identity=$variable, not \"x\"");
}


static void
login_form(void **state)
{
    (void) state;

    assert_int_equal(portal.combined, 0);
    takes("login_form combined");
    assert_int_equal(portal.combined, 1);
    takes("login_form steps");
    assert_int_equal(portal.combined, 0);
    says("login_form both", "login_form must be steps or combined, not "
         "\"both\"");
}


static const struct {
    const char  *name;
    const char  *good;
    size_t       max;                       /* parameters */
} table[] = {
    { "issuer", "issuer x", 1 },
    { "pages", "pages /x/", 1 },
    { "first_factor", "first_factor local", 2 },
    { "login_form", "login_form combined", 1 },
    { "require", "require all", 1 },
    { "grace", "grace 1d", 1 },
    { "session", "session max=2", 5 },
    { "totp", "totp digits=6", 4 },
    { "limit", "limit code=5/1m", 3 },
    { "cookie", "cookie name=x", 4 },
    { "directory_mfa", "directory_mfa on", 1 },
    { "mail", "mail from=a@b.org", 3 },
    { "on_require", "on_require mail=none", 1 },
    { "self_reset", "self_reset off", 1 },
    { "brand", "brand name=x", 2 },
    { "locale", "locale en", MFA_PORTAL_LOCALES_MAX },
};


static void
each_stands_once_with_the_right_number_of_parameters(void **state)
{
    char     line[256], text[64];
    size_t   i, n;

    (void) state;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        refuses(table[i].name);
        snprintf(text, sizeof(text), "invalid number of parameters in \"%s\"",
                 table[i].name);
        assert_true(buf_is(&why, text));

        snprintf(line, sizeof(line), "%s", table[i].good);

        for (n = 0; n < table[i].max; n++) {
            strncat(line, strchr(table[i].good, ' '),
                    sizeof(line) - strlen(line) - 1);
        }

        refuses(line);
        assert_true(buf_is(&why, text));

        takes(table[i].good);
        assert_int_equal(set(table[i].good), -1);
        snprintf(text, sizeof(text), "duplicate directive \"%s\"",
                 table[i].name);
        assert_true(buf_is(&why, text));
    }

    /* All together; what was refused before does not count as seen. */
    assert_int_equal(mfa_portal_init(&portal, pool_text("user")), 0);

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(set(table[i].name), -1);
        assert_int_equal(set(table[i].good), 0);
    }

    says("port 80", "unknown directive \"port\"");
    says("Issuer x", "unknown directive \"Issuer\"");
    says("issue x", "unknown directive \"issue\"");
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(names_of_portals),
        TEST(without_directives_it_is_as_documented),
        TEST(issuer),
        TEST(pages),
        TEST(require),
        TEST(grace),
        TEST(session),
        TEST(totp),
        TEST(limit),
        TEST(cookie),
        TEST(directory_mfa),
        TEST(mail),
        TEST(on_require),
        TEST(self_reset),
        TEST(brand),
        TEST(locale),
        TEST(first_factor),
        TEST(login_form),
        TEST(each_stands_once_with_the_right_number_of_parameters)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("portal", tests, NULL, NULL);
}
