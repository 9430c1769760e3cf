/*
 * The record of a trusted browser, cut at every byte and changed in every field,
 * and what it has to agree with to stand in for a code; and how user agents are
 * shown.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/agent.h"
#include "core/device.h"

#define NOW   1800000000LL
#define TEXT(s)  { (const uint8_t *) (s), sizeof(s) - 1 }
#define HASH  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const mfa_device_t  device = {
    TEXT("user"), TEXT("alice"), TEXT("c2VjcmV0LTE"),
    7, NOW, NOW + 1000, NOW + 5, NOW - 3, TEXT("Agent\tof\xff" "1")
};

static uint8_t    room[MFA_DEVICE_RECORD_MAX];
static mfa_str_t  record;


static int
setup(void **state)
{
    mfa_buf_t  b;

    (void) state;

    mfa_buf_init(&b, room, sizeof(room));
    mfa_device_encode(&b, &device, mfa_lit(HASH));
    assert_false(b.failed);
    record = mfa_buf_since(&b, 0);

    return 0;
}


static void
what_is_written_is_read(void **state)
{
    mfa_device_t  read;

    (void) state;

    assert_int_equal(mfa_device_decode(&read, record, mfa_lit(HASH)), 0);
    assert_true(mfa_str_eq(read.portal, device.portal));
    assert_true(mfa_str_eq(read.login, device.login));
    assert_true(mfa_str_eq(read.secret_id, device.secret_id));
    assert_int_equal(read.generation, 7);
    assert_int_equal(read.created, NOW);
    assert_int_equal(read.expires, NOW + 1000);
    assert_int_equal(read.seen, NOW + 5);
    assert_int_equal(read.code_at, NOW - 3);
    assert_true(mfa_str_is(read.agent, "Agent?of?1"));
}


/* The agent stands last and may be short; everything before it is needed. */
static void
cut_anywhere_it_is_none(void **state)
{
    size_t        len, whole;
    uint8_t      *copy;
    mfa_device_t  read;

    (void) state;

    whole = record.len - (sizeof("Agent?of?1") - 1);

    for (len = 0; len < whole; len++) {
        copy = test_malloc(len ? len : 1);
        memcpy(copy, record.data, len);
        assert_int_equal(mfa_device_decode(&read, (mfa_str_t) { copy, len },
                                           mfa_lit(HASH)), -1);
        assert_int_equal(read.code_at, 0);
        test_free(copy);
    }
}


static void
another_hash_format_or_number_is_none(void **state)
{
    size_t        i;
    uint8_t       was;
    mfa_device_t  read;

    (void) state;

    assert_int_equal(mfa_device_decode(&read, record,
                     mfa_lit("BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
                     -1);

    /* A byte of the format, the hash or a number that is no longer one. */
    for (i = 0; i < record.len; i++) {
        was = room[i];

        if (i >= 2 + sizeof(HASH) && (was < '0' || was > '9')) {
            continue;
        }

        if (i > 2 + sizeof(HASH) + 10 && i < 2 + sizeof(HASH) + 24) {
            continue;                       /* in the key's name */
        }

        if (i >= record.len - 10) {
            break;                          /* in the agent */
        }

        room[i] = '-';
        assert_int_equal(mfa_device_decode(&read, record, mfa_lit(HASH)), -1);
        room[i] = was;
    }

    record.len = MFA_DEVICE_RECORD_MAX + 1;
    assert_int_equal(mfa_device_decode(&read, record, mfa_lit(HASH)), -1);
}


static void
it_must_agree_with_portal_account_and_time(void **state)
{
    int            i;
    int64_t        now;
    mfa_device_t   d;
    mfa_portal_t   portal;
    mfa_account_t  account;

    (void) state;

    for (i = 0; i < 15; i++) {
        d = device;
        now = NOW + 10;
        assert_int_equal(mfa_portal_init(&portal, mfa_lit("user")), 0);
        portal.remember_sec = 1000;
        memset(&account, 0, sizeof(account));
        account.login = mfa_lit("alice");
        account.secret_id = mfa_lit("c2VjcmV0LTE");
        account.generation = 7;
        account.enrolled = 1;

        switch (i) {
        case 0:  break;
        case 1:  now = NOW + 999;                       break;
        case 2:  now = NOW + 1000;                      break;
        case 3:  portal.remember_sec = 10;              break;
        case 4:  portal.remember_sec = 0;               break;
        case 5:  portal.name = mfa_lit("admin");        break;
        case 6:  account.login = mfa_lit("bob");        break;
        case 7:  account.generation = 8;                break;
        case 8:  account.secret_id = mfa_lit("x");      break;
        case 9:  account.enrolled = 0;                  break;
        case 10: account.fault = 1;                     break;
        case 11: account.disabled = 1;                  break;
        case 12: d.code_at = 0;                         break;
        case 13: d.expires = NOW;                       break;
        default: memset(&d, 0, sizeof(d));              break;
        }

        assert_int_equal(mfa_device_good(&d, &portal, &account, now), i < 2);
    }
}


static void
user_agents_are_shown_short(void **state)
{
    size_t       i;
    uint8_t      text[MFA_AGENT_SHORT_MAX];
    mfa_buf_t    b;
    mfa_agent_t  agent;

    static const char *const  cases[][2] = {
        { "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 "
          "Firefox/128.0", "Firefox, Linux" },
        { "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
          "(KHTML, like Gecko) Chrome/1", "Chrome, Windows" },
        { "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) "
          "AppleWebKit/605", "iPhone" },
        { "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like "
          "Gecko) Chrome/120", "Chrome, Android" },
        { "x (Windows) SamsungBrowser/1", "Samsung Internet, Windows" },
        { "curl/8.0", "curl/8.0" },
        { "", "" },
        { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mfa_buf_init(&b, text, sizeof(text));
        agent = mfa_agent_of(mfa_str_from(cases[i][0]));
        mfa_agent_write(&b, &agent);
        assert_false(b.failed);
        assert_true(mfa_str_is(mfa_buf_since(&b, 0), cases[i][1]));
    }
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup(t, setup)

    const struct CMUnitTest  tests[] = {
        TEST(what_is_written_is_read),
        TEST(cut_anywhere_it_is_none),
        TEST(another_hash_format_or_number_is_none),
        TEST(it_must_agree_with_portal_account_and_time),
        TEST(user_agents_are_shown_short)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
