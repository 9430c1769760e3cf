/*
 * Mails as core sees them: kinds, entries of the outbox, when one has nothing to
 * say any more, headers, the words of a template.  Broken, a name in an account
 * writes headers (security 94), a link is for a state that is over (security 88),
 * or somebody gets the mail of another.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/mail.h"
#include "core/mail_header.h"
#include "core/mail_text.h"

#define FIELDS_MAX  24

static mfa_portal_t   portal;
static mfa_account_t  account;
static mfa_reply_t    fields[FIELDS_MAX];
static mfa_reply_t    parts[2];
static mfa_reply_t    entry;


static mfa_reply_t
string(const char *s)
{
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = MFA_REPLY_STRING;
    r.str = mfa_str_from(s);

    return r;
}


/* Pairs up to a NULL. */
static mfa_reply_t *
entry_of(const char *const *pairs)
{
    memset(&entry, 0, sizeof(entry));
    memset(parts, 0, sizeof(parts));
    entry.type = MFA_REPLY_ARRAY;
    entry.n = 2;
    entry.elements = parts;
    parts[0] = string("1700000000000-0");
    parts[1].type = MFA_REPLY_ARRAY;
    parts[1].elements = fields;

    while (pairs[parts[1].n] != NULL) {
        fields[parts[1].n] = string(pairs[parts[1].n]);
        parts[1].n++;
    }

    return &entry;
}


static int
set_up(void **state)
{
    (void) state;
    memset(&account, 0, sizeof(account));
    account.login = mfa_lit("alice");
    account.email = mfa_lit("a@example.com");
    account.generation = 7;
    account.required = 1;
    account.deadline = 900;

    if (mfa_portal_init(&portal, mfa_lit("user")) != 0) {
        return -1;
    }

    portal.mail_from = mfa_lit("mfa@example.com");
    portal.base_url = mfa_lit("https://p.example.com");

    return 0;
}


static void
kinds_have_names_of_their_own(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < MFA_MAIL_N; i++) {
        assert_int_equal(mfa_mail_find(mfa_str_from(
                         mfa_mail_name((mfa_mail_e) i))), i);
    }

    assert_int_equal(mfa_mail_find(mfa_lit("")), -1);
    assert_int_equal(mfa_mail_find(mfa_lit("enable")), -1);
    assert_string_equal(mfa_mail_name((mfa_mail_e) 99), "");
    assert_string_equal(mfa_mail_name((mfa_mail_e) -1), "");
    assert_int_equal(mfa_mail_purpose((mfa_mail_e) 99), MFA_MAILTOKEN_NONE);
}


static void
a_mail_goes_where_it_can(void **state)
{
    int  i, needs;

    (void) state;

    for (i = 0; i < MFA_MAIL_N; i++) {
        needs = i == MFA_MAIL_INVITATION || i == MFA_MAIL_PASSWORD_RESET
                || i == MFA_MAIL_RESET;
        set_up(NULL);
        assert_true(mfa_mail_goes(&portal, &account, (mfa_mail_e) i));
        portal.base_url.len = 0;
        assert_int_equal(!!mfa_mail_goes(&portal, &account, (mfa_mail_e) i),
                         !needs);
        portal.base_url = mfa_lit("https://p.example.com");
        account.email.len = 0;
        assert_false(mfa_mail_goes(&portal, &account, (mfa_mail_e) i));
        account.email = mfa_lit("a@example.com");
        portal.mail_from.len = 0;
        assert_false(mfa_mail_goes(&portal, &account, (mfa_mail_e) i));
    }
}


static void
an_entry_is_read(void **state)
{
    mfa_mail_t         mail;
    const char *const  pairs[] = {
        "mail", "role-changed", "login", "alice", "to", "a@example.com",
        "name", "Al", "locale", "de", "generation", "7", "at", "5",
        "address", "192.0.2.1", "detail", "x to y", "later", "ignored", NULL
    };

    (void) state;
    assert_int_equal(mfa_mail_decode(&mail, entry_of(pairs)), 0);
    assert_int_equal(mail.kind, MFA_MAIL_ROLE_CHANGED);
    assert_true(mfa_str_is(mail.login, "alice"));
    assert_true(mfa_str_is(mail.to, "a@example.com"));
    assert_true(mfa_str_is(mail.name, "Al"));
    assert_true(mfa_str_is(mail.locale, "de"));
    assert_true(mfa_str_is(mail.address, "192.0.2.1"));
    assert_true(mfa_str_is(mail.detail, "x to y"));
    assert_int_equal(mail.generation, 7);
    assert_int_equal(mail.at, 5);
}


static void
what_is_no_entry_is_refused(void **state)
{
    size_t             i, k;
    mfa_mail_t         mail;
    const char        *pairs[9];
    const char *const  good[] = {
        "mail", "enabled", "login", "alice", "to", "a@example.com",
        "generation", "7", NULL
    };
    const struct { size_t at; const char *is; } bad[] = {
        { 1, "" }, { 1, "enable" }, { 3, "" }, { 3, "a b" }, { 3, "a\nb" },
        { 5, "" }, { 5, "a" }, { 5, "a@b@c" }, { 5, "a@b\r\nBcc: c@d" },
        { 5, "a@b,c@d" }, { 5, "<a@b>" }, { 5, "a@b c" }, { 7, "" },
        { 7, "x" }, { 0, "mails" }, { 2, "logins" }, { 4, "too" }
    };

    (void) state;
    assert_int_equal(mfa_mail_decode(&mail, entry_of(good)), 0);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (k = 0; k < 9; k++) {
            pairs[k] = k == bad[i].at ? bad[i].is : good[k];
        }

        assert_int_equal(mfa_mail_decode(&mail, entry_of(pairs)), -1);
    }

    entry_of(good)->n = 1;
    assert_int_equal(mfa_mail_decode(&mail, &entry), -1);
    entry_of(good)->type = MFA_REPLY_STRING;
    assert_int_equal(mfa_mail_decode(&mail, &entry), -1);
    entry_of(good)->elements[1].type = MFA_REPLY_NIL;
    assert_int_equal(mfa_mail_decode(&mail, &entry), -1);
    entry_of(good)->elements[1].n = 7;
    assert_int_equal(mfa_mail_decode(&mail, &entry), -1);

    for (i = 0; i < 8; i++) {
        entry_of(good);
        fields[i].type = MFA_REPLY_INT;
        assert_int_equal(mfa_mail_decode(&mail, &entry), -1);
    }
}


static void
security_94_texts_that_cannot_be_shown_are_left_out(void **state)
{
    size_t             i;
    mfa_mail_t         mail;
    char               wide[MFA_NAME_MAX + 2];
    const char        *pairs[] = {
        "mail", "enabled", "login", "alice", "to", "a@example.com",
        "name", NULL, "detail", NULL, "address", NULL, NULL
    };
    const char *const  bad[] = {
        "x\r\nBcc: b@example.com", "x\nb", "\x7f", "\xff", "\xc3", wide
    };

    (void) state;
    memset(wide, 'x', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        pairs[7] = pairs[9] = pairs[11] = bad[i];
        assert_int_equal(mfa_mail_decode(&mail, entry_of(pairs)), 0);
        assert_int_equal(mail.name.len, 0);
        assert_int_equal(mail.detail.len, bad[i] == wide ? strlen(wide) : 0);
        assert_int_equal(mail.address.len, mail.detail.len);
    }
}


static int
due(mfa_mail_e kind, const char *detail)
{
    mfa_mail_t  mail;

    memset(&mail, 0, sizeof(mail));
    mail.kind = kind;
    mail.login = mfa_lit("alice");
    mail.to = mfa_lit("a@example.com");
    mail.generation = 7;
    mail.detail = mfa_str_from(detail);

    return mfa_mail_due(&mail, &portal, account.created < 0 ? NULL : &account)
           != 0;
}


static void
security_88_a_link_is_for_the_state_it_was_promised_in(void **state)
{
    int         i;
    mfa_mail_e  kind;

    (void) state;

    for (i = 0; i < MFA_MAIL_N; i++) {
        kind = (mfa_mail_e) i;
        set_up(NULL);
        assert_true(due(kind, "900"));

        if (mfa_mail_purpose(kind) == MFA_MAILTOKEN_NONE
            && kind != MFA_MAIL_LOCKED_OUT)
        {
            account.created = -1;
            assert_true(due(kind, ""));
            continue;
        }

        account.disabled = 1;
        assert_false(due(kind, "900"));
        set_up(NULL);
        account.email = mfa_lit("b@example.com");
        assert_int_equal(due(kind, "900"), 0);
        set_up(NULL);
        account.created = -1;
        assert_false(due(kind, "900"));
    }

    set_up(NULL);
    account.enrolled = 5;
    assert_false(due(MFA_MAIL_ENABLED, ""));
    assert_false(due(MFA_MAIL_REMINDER, "900"));
    assert_false(due(MFA_MAIL_LOCKED_OUT, "900"));
    assert_true(due(MFA_MAIL_RESET, ""));

    set_up(NULL);
    account.required = 0;
    assert_false(due(MFA_MAIL_ENABLED, ""));
    assert_false(due(MFA_MAIL_REMINDER, "900"));

    set_up(NULL);
    account.deadline = 901;
    assert_false(due(MFA_MAIL_REMINDER, "900"));
    assert_false(due(MFA_MAIL_LOCKED_OUT, "900"));
    assert_false(due(MFA_MAIL_LOCKED_OUT, ""));
    assert_true(due(MFA_MAIL_ENABLED, ""));

    set_up(NULL);
    account.generation = 8;
    assert_false(due(MFA_MAIL_RESET, ""));
    assert_false(due(MFA_MAIL_INVITATION, ""));
    assert_false(due(MFA_MAIL_PASSWORD_RESET, ""));
    assert_true(due(MFA_MAIL_ENABLED, ""));
}


static const char *
header(void (*make)(mfa_buf_t *out, const char *name, mfa_str_t text),
    const char *name, mfa_str_t text)
{
    mfa_buf_t    out;
    static char  room[MFA_MAIL_HEADER_MAX + 512];

    mfa_buf_init(&out, room, sizeof(room) - 1);
    make(&out, name, text);
    assert_false(out.failed);
    room[out.len] = '\0';

    return room;
}


static void
to(mfa_buf_t *out, const char *name, mfa_str_t text)
{
    mfa_mail_header_address(out, name, text, mfa_lit("a@example.com"));
}


static void
headers_of_plain_words_stay_plain(void **state)
{
    (void) state;
    assert_string_equal(header(mfa_mail_header_text, "Subject",
                               mfa_lit("MFA is on: Ex & Co.")),
                        "Subject: MFA is on: Ex & Co.");
    assert_string_equal(header(to, "To", mfa_lit("Ann Smith")),
                        "To: Ann Smith\r\n <a@example.com>");
    assert_string_equal(header(to, "To", mfa_lit("")), "To: <a@example.com>");
}


static void
headers_of_anything_else_are_encoded(void **state)
{
    (void) state;
    assert_string_equal(header(mfa_mail_header_text, "Subject",
                               mfa_lit("h\xc3\xa4")),
                        "Subject: =?UTF-8?B?aMOk?=");
    assert_string_equal(header(to, "To", mfa_lit("A. \"B\"")),
                        "To: =?UTF-8?B?QS4gIkIi?=\r\n <a@example.com>");
    assert_string_equal(header(mfa_mail_header_text, "Subject",
                               mfa_lit("=?x")), "Subject: =?UTF-8?B?PT94?=");
    /* The line break is left out, what stood behind it is harmless. */
    assert_string_equal(header(mfa_mail_header_text, "Subject",
                               mfa_lit("x\r\nBcc: y")),
                        "Subject: =?UTF-8?B?eEJjYzogeQ==?=");
    assert_string_equal(header(to, "To", mfa_lit("x\0y")),
                        "To: =?UTF-8?B?eHk=?=\r\n <a@example.com>");
}


/* Every string of bytes up to two, and long ones of each byte. */
static void
security_94_no_text_ends_a_header(void **state)
{
    int          a, b;
    size_t       i, line;
    uint8_t      text[600];
    const char  *p, *all;

    (void) state;

    for (a = 0; a < 256; a++) {
        for (b = 0; b < 256; b += b % 16 == 15 ? 1 : 5) {
            memset(text, a, sizeof(text));
            text[1] = (uint8_t) b;

            for (i = 2; i <= sizeof(text); i += 299) {
                all = header(i % 2 ? to : mfa_mail_header_text, "Subject",
                             (mfa_str_t) { text, i });

                for (line = 0, p = all; *p; p++, line++) {
                    assert_true((uint8_t) *p >= 0x20 || *p == '\r'
                                || *p == '\n');
                    assert_true((*p == '\r') == (p[1] == '\n'));

                    if (*p == '\n') {
                        assert_int_equal(p[1], ' ');
                        line = 0;
                    }

                    assert_true(line < 78);
                }
            }
        }
    }
}


static void
dates_are_english_and_utc(void **state)
{
    mfa_buf_t  out;
    char       room[64];

    (void) state;
    memset(room, 0, sizeof(room));
    mfa_buf_init(&out, room, sizeof(room));
    mfa_mail_header_date(&out, 1795367296);
    assert_string_equal(room, "Date: Sun, 22 Nov 2026 17:08:16 +0000");
    memset(room, 0, sizeof(room));
    mfa_buf_init(&out, room, sizeof(room));
    mfa_mail_header_date(&out, 0);
    assert_string_equal(room, "Date: Thu, 01 Jan 1970 00:00:00 +0000");
}


static void
a_model_says_what_is_so(void **state)
{
    mfa_mail_t        mail;
    mfa_value_t       model[MFA_MAIL_VAR_N];
    mfa_mail_room_t   room;

    (void) state;
    memset(&mail, 0, sizeof(mail));
    mail.kind = MFA_MAIL_ENABLED;
    mail.login = mfa_lit("alice");
    mail.at = 1795367296;
    portal.pages = mfa_lit("/mfa/");

    mfa_mail_model(model, &room, &mail, &portal, &account, mfa_lit("TOKEN"));
    assert_true(mfa_str_is(model[MFA_MAIL_VAR_LINK].text,
                           "https://p.example.com/mfa/setup?t=TOKEN"));
    assert_int_equal(model[MFA_MAIL_VAR_MINUTES].number, 60);
    assert_true(mfa_str_is(model[MFA_MAIL_VAR_PERSON].text, "alice"));
    assert_true(mfa_str_is(model[MFA_MAIL_VAR_BRAND].text, "user"));
    assert_true(mfa_str_is(model[MFA_MAIL_VAR_WHEN].text,
                           "2026-11-22 17:08 UTC"));
    assert_true(mfa_str_is(model[MFA_MAIL_VAR_DEADLINE].text,
                           "1970-01-01 00:15 UTC"));
    assert_int_equal(model[MFA_MAIL_VAR_AT_ONCE].kind, MFA_VALUE_NONE);
    assert_int_equal(model[MFA_MAIL_VAR_ADDRESS].kind, MFA_VALUE_NONE);

    mail.kind = MFA_MAIL_INVITATION;
    account.deadline = 0;
    mfa_mail_model(model, &room, &mail, &portal, &account, mfa_lit("TOKEN"));
    assert_true(mfa_str_is(model[MFA_MAIL_VAR_LINK].text,
                           "https://p.example.com/mfa/password?t=TOKEN"));
    assert_int_equal(model[MFA_MAIL_VAR_AT_ONCE].number, 1);
    assert_int_equal(model[MFA_MAIL_VAR_DEADLINE].kind, MFA_VALUE_NONE);

    account.enrolled = 1;
    mfa_mail_model(model, &room, &mail, &portal, &account, mfa_lit(""));
    assert_int_equal(model[MFA_MAIL_VAR_LINK].kind, MFA_VALUE_NONE);
    assert_int_equal(model[MFA_MAIL_VAR_AT_ONCE].kind, MFA_VALUE_NONE);
    mfa_mail_model(model, &room, &mail, &portal, NULL, mfa_lit(""));
    assert_int_equal(model[MFA_MAIL_VAR_DEADLINE].kind, MFA_VALUE_NONE);
}


/* Whoever cannot log in is not told where to. */
static void
a_model_leads_where_one_gets_in(void **state)
{
    int              i;
    mfa_mail_t       mail;
    mfa_value_t      model[MFA_MAIL_VAR_N];
    mfa_mail_room_t  room;

    (void) state;

    for (i = 0; i < MFA_MAIL_N; i++) {
        memset(&mail, 0, sizeof(mail));
        mail.kind = (mfa_mail_e) i;
        account.disabled = 0;
        mfa_mail_model(model, &room, &mail, &portal, &account, mfa_lit(""));
        assert_int_equal(model[MFA_MAIL_VAR_HOME].kind == MFA_VALUE_TEXT,
                         i != MFA_MAIL_DISABLED && i != MFA_MAIL_LOCKED_OUT);
        mfa_mail_model(model, &room, &mail, &portal, NULL, mfa_lit(""));
        assert_int_equal(model[MFA_MAIL_VAR_HOME].kind, MFA_VALUE_NONE);
        account.disabled = 1;
        mfa_mail_model(model, &room, &mail, &portal, &account, mfa_lit(""));
        assert_int_equal(model[MFA_MAIL_VAR_HOME].kind, MFA_VALUE_NONE);
    }
}


static void
a_model_tells_whose_factor_it_is(void **state)
{
    mfa_mail_t       mail;
    mfa_value_t      model[MFA_MAIL_VAR_N];
    mfa_mail_room_t  room;

    (void) state;
    memset(&mail, 0, sizeof(mail));
    mail.kind = MFA_MAIL_RESET;
    mfa_mail_model(model, &room, &mail, &portal, &account, mfa_lit(""));
    assert_int_equal(model[MFA_MAIL_VAR_ENROLLED].kind, MFA_VALUE_NONE);
    assert_int_equal(model[MFA_MAIL_VAR_SELF_RESET].number, 1);
    account.enrolled = 5;
    portal.self_reset_off = 1;
    mfa_mail_model(model, &room, &mail, &portal, &account, mfa_lit(""));
    assert_int_equal(model[MFA_MAIL_VAR_ENROLLED].number, 1);
    assert_int_equal(model[MFA_MAIL_VAR_SELF_RESET].kind, MFA_VALUE_NONE);
}


static void
roles_are_two_words_of_a_detail(void **state)
{
    size_t       i;
    mfa_mail_t   mail;
    mfa_str_t    before, after;

    static const char *const  none[] = {
        "", "manager", "manager to", "manager to ", " to manager", "to manager",
        "manager is none", "manager  to none"
    };

    (void) state;
    memset(&mail, 0, sizeof(mail));
    mail.kind = MFA_MAIL_ROLE_CHANGED;
    mail.detail = mfa_lit("manager to help_desk");
    assert_true(mfa_mail_roles(&mail, &before, &after));
    assert_true(mfa_str_is(before, "manager"));
    assert_true(mfa_str_is(after, "help_desk"));
    mail.detail = mfa_lit("none to none");
    assert_true(mfa_mail_roles(&mail, &before, &after));
    assert_int_equal(before.len + after.len, 0);

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        mail.detail = mfa_str_from(none[i]);
        assert_false(mfa_mail_roles(&mail, &before, &after));
    }

    mail.kind = MFA_MAIL_RECOVERY_USED;
    mail.detail = mfa_lit("manager to help_desk");
    assert_false(mfa_mail_roles(&mail, &before, &after));
}


static void
a_mail_speaks_a_language_of_the_portal(void **state)
{
    mfa_mail_t  mail;

    (void) state;
    memset(&mail, 0, sizeof(mail));
    portal.locales[0] = mfa_lit("en");
    portal.locales[1] = mfa_lit("de");
    portal.n_locales = 2;

    assert_int_equal(mfa_mail_locale(&mail, &portal), 0);
    mail.locale = mfa_lit("de");
    assert_int_equal(mfa_mail_locale(&mail, &portal), 1);
    mail.locale = mfa_lit("de-AT");
    assert_int_equal(mfa_mail_locale(&mail, &portal), 1);
    mail.locale = mfa_lit("den");
    assert_int_equal(mfa_mail_locale(&mail, &portal), 0);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup(t, set_up)

    const struct CMUnitTest  tests[] = {
        TEST(kinds_have_names_of_their_own),
        TEST(a_mail_goes_where_it_can),
        TEST(an_entry_is_read),
        TEST(what_is_no_entry_is_refused),
        TEST(security_94_texts_that_cannot_be_shown_are_left_out),
        TEST(security_88_a_link_is_for_the_state_it_was_promised_in),
        TEST(headers_of_plain_words_stay_plain),
        TEST(headers_of_anything_else_are_encoded),
        TEST(security_94_no_text_ends_a_header),
        TEST(dates_are_english_and_utc),
        TEST(a_model_says_what_is_so),
        TEST(a_model_leads_where_one_gets_in),
        TEST(a_model_tells_whose_factor_it_is),
        TEST(roles_are_two_words_of_a_detail),
        TEST(a_mail_speaks_a_language_of_the_portal),
    };

    return cmocka_run_group_tests_name("mail", tests, NULL, NULL);
}
