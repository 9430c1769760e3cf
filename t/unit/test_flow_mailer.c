/*
 * Flows take, settle, reminder and dead: what becomes of a mail between the
 * outbox and the one who sends it.  Broken, a mail that a killed sender held is
 * lost, two senders send the same one, a token is made for a mail that does not
 * go, somebody is reminded twice, or a store that lies makes a mail disappear.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/flow_dead.h"
#include "core/flow_mailer.h"
#include "core/flow_reminder.h"
#include "outbox_stage.h"

#define NOW  1800000000LL
#define ID   "1799999999000-0"

static mfa_portal_t         portal;
static mfa_flow_take_t      take;
static mfa_flow_settle_t    settling;
static mfa_flow_reminder_t  reminder;
static mfa_flow_dead_t      dead;
static int                  no_random;


static int
some_bytes(uint8_t *buf, size_t len)
{
    memset(buf, 0x5a, len);

    return no_random ? -1 : 0;
}


static void
mail_of(const char *kind)
{
    const char *const  fields[] = {
        "mail", kind, "login", "alice", "to", "a@example.com",
        "generation", "7", "at", "5", "detail", "1800003600"
    };

    memcpy(box.entry, fields, sizeof(fields));
    box.entry[12] = NULL;
}


static int
set_up(void **state)
{
    (void) state;
    memset(&box, 0, sizeof(box));
    box.at = -1;
    box.id = ID;
    no_random = 0;
    mail_of("enabled");
    box.account[MFA_ACCOUNT_CREATED] = "500";
    box.account[MFA_ACCOUNT_EMAIL] = "a@example.com";
    box.account[MFA_ACCOUNT_GENERATION] = "7";
    box.account[MFA_ACCOUNT_VERSION] = "1";
    box.account[MFA_ACCOUNT_REQUIRED] = "1";
    box.account[MFA_ACCOUNT_DEADLINE] = "1800003600";
    box.account[MFA_ACCOUNT_PASSWORD] = "$y$j9T$a$b";

    if (mfa_portal_init(&portal, mfa_lit("user")) != 0) {
        return -1;
    }

    portal.mail_from = mfa_lit("mfa@example.com");
    portal.base_url = mfa_lit("https://p.example.com");

    return 0;
}


static mfa_outcome_e
run_take(void)
{
    mfa_flow_take_init(&take);
    take.flow.env.now = NOW;
    take.flow.env.portal = &portal;
    take.flow.env.random = some_bytes;
    take.lease_msec = 90000;

    return box_run(&take.flow);
}


static mfa_outcome_e
run_settle(mfa_sent_e sent, int64_t tries)
{
    take.flow.env.now = NOW;
    take.flow.env.portal = &portal;
    take.tries = tries;
    mfa_flow_settle_init(&settling, &take);
    settling.sent = sent;
    settling.why = "RCPT: 550";
    settling.again_sec = 30;

    return box_run(&settling.flow);
}


static void
a_mail_is_taken_and_its_token_made(void **state)
{
    (void) state;
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_int_equal(box.ops, 4);
    assert_string_equal(box.sent[0],
        "XPENDING mfa:{user}:outbox mailer IDLE 90000 - + 1\n"
        "ZRANGEBYSCORE mfa:{user}:outbox-retry -inf 1800000000 LIMIT 0 1\n");
    assert_string_equal(box.sent[1],
        "XREADGROUP GROUP mailer sender COUNT 1 STREAMS mfa:{user}:outbox >\n");
    /* With the hash of the address that it goes to. */
    assert_non_null(strstr(box.sent[3],
        "\t" "setup\tuser\talice\t7\t1800003600\t"
        "CBaM2A39U0qw8QrxDxMD_gCvLUOrXBQy EX 3600\n"));
    assert_int_equal(take.has_token, 1);
    assert_int_equal(take.tries, 1);
    assert_int_equal(take.found, MFA_YES);
    assert_true(mfa_str_is(take.id, ID));
    assert_null(strstr(box.sent[3], (const char *) "WlpaWlpaWlpa"));
}


static void
a_mail_without_a_link_has_no_token(void **state)
{
    (void) state;
    mail_of("enrolled");
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_int_equal(take.has_token, 0);
    box_has_not("MULTI");

    mail_of("enabled");
    portal.base_url.len = 0;
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_int_equal(take.has_token, 0);
    box_has_not("MULTI");
}


/* The link of his invitation stays the newest. */
static void
who_has_no_password_is_sent_no_link_that_asks_for_it(void **state)
{
    (void) state;
    box.account[MFA_ACCOUNT_PASSWORD] = NULL;
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_int_equal(take.has_token, 0);
    box_has_not("MULTI");

    mail_of("invitation");
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_int_equal(take.has_token, 1);

    /* nginx knows who it is */
    mail_of("enabled");
    portal.first = MFA_FIRST_IDENTITY;
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_int_equal(take.has_token, 1);
}


static void
an_empty_outbox_has_none(void **state)
{
    (void) state;
    box.id = NULL;
    assert_int_equal(run_take(), MFA_OUTCOME_ABSENT);
    box.no_group = 1;
    assert_int_equal(run_take(), MFA_OUTCOME_ABSENT);
    assert_string_equal(box.sent[1],
        "XGROUP CREATE mfa:{user}:outbox mailer 0 MKSTREAM\n");
    box.no_group = 9;
    assert_int_equal(run_take(), MFA_OUTCOME_UNAVAILABLE);
}


static void
what_a_dead_sender_held_is_taken_first(void **state)
{
    (void) state;
    box.stale = ID;
    box.stale_tries = 4;
    box.waiting = "2 1-1";
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_string_equal(box.sent[1], "XCLAIM mfa:{user}:outbox mailer sender "
                                     "90000 " ID " RETRYCOUNT 5\n");
    assert_int_equal(take.tries, 5);

    box.lost = 1;
    assert_int_equal(run_take(), MFA_OUTCOME_CONFLICT);
    assert_int_equal(box.ops, 2);

    box.lost = 0;
    box.gone = 1;
    assert_int_equal(run_take(), MFA_OUTCOME_EXPIRED);
    assert_string_equal(box.sent[2], "XACK mfa:{user}:outbox mailer " ID "\n"
                                     "XDEL mfa:{user}:outbox " ID "\n");
}


static void
what_waited_long_enough_is_taken_by_one(void **state)
{
    (void) state;
    box.waiting = "2 " ID;
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_string_equal(box.sent[1],
        "MULTI\nZREM mfa:{user}:outbox-retry 2 " ID "\n"
        "XCLAIM mfa:{user}:outbox mailer sender 0 " ID " RETRYCOUNT 3 FORCE\n"
        "EXEC\n");
    assert_int_equal(take.tries, 3);

    box.lost = 1;
    assert_int_equal(run_take(), MFA_OUTCOME_CONFLICT);
    assert_int_equal(box.ops, 2);
}


static void
what_waits_under_no_name_is_no_answer(void **state)
{
    size_t             i;
    const char *const  bad[] = { "", "x", "1", "1 x", "x 1-1", "-1 1-1", "1 1-" };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        box.waiting = bad[i];
        assert_int_equal(run_take(), MFA_OUTCOME_UNAVAILABLE);
    }
}


static void
security_88_a_stale_mail_is_dropped_without_a_token(void **state)
{
    (void) state;
    mail_of("reset");
    box.account[MFA_ACCOUNT_GENERATION] = "8";
    assert_int_equal(run_take(), MFA_OUTCOME_EXPIRED);
    assert_string_equal(take.dropped, "stale");
    box_has("XDEL mfa:{user}:outbox " ID "\n");
    box_has("event mail result dropped reason stale login alice");
    box_has_not("pending-token");
    box_has_not("outbox-dead");
}


static void
an_entry_that_is_no_mail_is_kept_for_people(void **state)
{
    (void) state;
    mail_of("nonsense");
    assert_int_equal(run_take(), MFA_OUTCOME_EXPIRED);
    box_has("XADD mfa:{user}:outbox-dead * mail nonsense login alice");
    box_has("reason unreadable tries 1\n");
    box_has("XACK mfa:{user}:outbox mailer " ID "\n");
}


static void
without_randomness_there_is_no_token(void **state)
{
    (void) state;
    no_random = 1;
    assert_int_equal(run_take(), MFA_OUTCOME_UNAVAILABLE);
    box_has_not("pending-token");
}


/* What a store in its right mind may say too. */
static void
judge_take(mfa_outcome_e outcome)
{
    int  nil_read, in_xdel;

    nil_read = box.kind == BOX_NIL && box.element < 0
               && strncmp(box.sent[box.at], "XREADGROUP", 10) == 0;
    in_xdel = 0;

    if (!box.made) {
        return;
    }

    if (nil_read) {
        assert_int_equal(outcome, MFA_OUTCOME_ABSENT);
        return;
    }

    /* Another number, and the words of what is written, mean nothing here. */
    if (box.kind == BOX_INT && outcome != MFA_OUTCOME_UNAVAILABLE) {
        in_xdel = strncmp(box.sent[box.at], "MULTI", 5) == 0;
        assert_true(in_xdel);
        return;
    }

    if (box.kind == BOX_STATUS && outcome != MFA_OUTCOME_UNAVAILABLE) {
        assert_int_equal(strncmp(box.sent[box.at], "MULTI", 5), 0);
        return;
    }

    if (box.kind == BOX_GARBAGE && outcome != MFA_OUTCOME_UNAVAILABLE) {
        assert_non_null(strstr(box.sent[box.at], "XADD"));
        return;
    }

    assert_int_equal(outcome, MFA_OUTCOME_UNAVAILABLE);
}


static void
a_store_that_lies_hands_out_no_mail(void **state)
{
    (void) state;
    assert_true(box_fail_all(4, run_take, judge_take) > 70);

    box.waiting = "2 " ID;
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_true(box_fail_all(1, run_take, judge_take) > 10);

    box.waiting = NULL;
    mail_of("nonsense");
    assert_int_equal(run_take(), MFA_OUTCOME_EXPIRED);
    assert_true(box_fail_all(3, run_take, judge_take) > 50);
}


static void
what_was_sent_is_done_with(void **state)
{
    (void) state;
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_int_equal(run_settle(MFA_SENT_YES, 1), MFA_OUTCOME_DONE);
    assert_non_null(strstr(box.sent[0],
        "MULTI\nXACK mfa:{user}:outbox mailer " ID "\n"
        "XDEL mfa:{user}:outbox " ID "\nXADD mfa:{user}:audit"));
    box_has("event mail result ok login alice detail enabled\nEXEC\n");

    /* The replies it came in are gone: it can be written down all the same. */
    take.id.data = NULL;
    take.mail.login.data = NULL;
    mfa_flow_settle_again(&settling);
    assert_int_equal(box_run(&settling.flow), MFA_OUTCOME_DONE);
    box_has("XDEL mfa:{user}:outbox " ID "\n");
}


static void
what_was_refused_for_now_waits_longer_each_time(void **state)
{
    (void) state;
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_int_equal(run_settle(MFA_SENT_LATER, 1), MFA_OUTCOME_DONE);
    assert_string_equal(box.sent[0],
        "MULTI\nZADD mfa:{user}:outbox-retry 1800000030 1 " ID "\n"
        "XACK mfa:{user}:outbox mailer " ID "\nEXEC\n");
    assert_int_equal(run_settle(MFA_SENT_LATER, 3), MFA_OUTCOME_DONE);
    box_has("outbox-retry 1800000120 3 " ID "\n");
    assert_int_equal(run_settle(MFA_SENT_LATER, 29), MFA_OUTCOME_DONE);
    box_has("outbox-retry 1800003600 29 " ID "\n");
    assert_int_equal(settling.dead, 0);

    assert_int_equal(run_settle(MFA_SENT_LATER, 30), MFA_OUTCOME_DONE);
    assert_int_equal(settling.dead, 1);
    box_has("XADD mfa:{user}:outbox-dead * mail enabled login alice to "
            "a@example.com generation 7 at 5 detail 1800003600 reason "
            "RCPT: 550 tries 30\n");

    assert_int_equal(mfa_mailer_again(1, 1), 1);
    assert_int_equal(mfa_mailer_again(1, 2), 2);
    assert_int_equal(mfa_mailer_again(30, 1000000), MFA_MAILER_AGAIN_MAX);
    assert_int_equal(mfa_mailer_again(3600, 2), MFA_MAILER_AGAIN_MAX);
}


static void
a_server_that_is_away_costs_no_try(void **state)
{
    (void) state;
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_int_equal(run_settle(MFA_SENT_NOT, 30), MFA_OUTCOME_DONE);
    box_has("outbox-retry 1800000000 29 " ID "\n");
    assert_int_equal(settling.dead, 0);
}


static void
what_was_refused_for_good_is_a_dead_letter(void **state)
{
    (void) state;
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_int_equal(run_settle(MFA_SENT_NEVER, 1), MFA_OUTCOME_DONE);
    assert_int_equal(settling.dead, 1);
    box_has("reason RCPT: 550 tries 1\n");
    box_has("event mail result dead reason RCPT: 550 login alice");
    box_has("XDEL mfa:{user}:outbox " ID "\n");
}


static mfa_outcome_e
run_reminder(void)
{
    mfa_flow_reminder_init(&reminder);
    reminder.flow.env.now = NOW;
    reminder.flow.env.portal = &portal;

    return box_run(&reminder.flow);
}


static void
somebody_late(const char *deadline)
{
    box.due[0] = "alice";
    box.due[1] = deadline;
    box.account[MFA_ACCOUNT_DEADLINE] = deadline;
}


static void
feature_100_01_a_day_before_the_deadline(void **state)
{
    (void) state;
    somebody_late("1800003600");
    assert_int_equal(run_reminder(), MFA_OUTCOME_DONE);
    assert_int_equal(reminder.queued, 1);
    assert_int_equal(reminder.over, 1);
    assert_string_equal(box.sent[0],
        "ZRANGEBYSCORE mfa:{user}:unenrolled 1797408000 1800086400 WITHSCORES "
        "LIMIT 0 50\n");
    assert_string_equal(box.sent[1], "HMGET mfa:{user}:notices alice\n");
    assert_non_null(strstr(box.sent[2], "WATCH mfa:{user}:account:alice\n"));
    assert_non_null(strstr(box.sent[2], "WATCH mfa:{user}:notices\n"));
    assert_non_null(strstr(box.sent[3],
        "MULTI\nXADD mfa:{user}:outbox * mail reminder login alice to "
        "a@example.com detail 1800003600 generation 7 at 1800000000\n"
        "HSET mfa:{user}:notices alice reminder 1800003600\nEXEC\n"));

    box.notices[0] = "reminder 1800003600";
    assert_int_equal(run_reminder(), MFA_OUTCOME_DONE);
    assert_int_equal(reminder.queued, 0);
    assert_int_equal(box.ops, 2);

    somebody_late("1800007200");
    assert_int_equal(run_reminder(), MFA_OUTCOME_DONE);
    assert_int_equal(reminder.queued, 1);

    somebody_late("1800000000");
    box.notices[0] = "reminder 1800000000";
    assert_int_equal(run_reminder(), MFA_OUTCOME_DONE);
    assert_int_equal(reminder.queued, 1);
    box_has("mail locked-out");
    box_has("notices alice locked-out 1800000000\n");
}


static void
whoever_is_not_late_is_not_told(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < 5; i++) {
        set_up(NULL);
        somebody_late("1800003600");

        switch (i) {
        case 0:
            box.account[MFA_ACCOUNT_CREATED] = NULL;
            box.account[MFA_ACCOUNT_PASSWORD] = NULL;
            break;
        case 1:
            box.account[MFA_ACCOUNT_DISABLED] = "1";
            break;
        case 2:
            box.account[MFA_ACCOUNT_REQUIRED] = NULL;
            break;
        case 3:
            box.account[MFA_ACCOUNT_DEADLINE] = "1800003601";
            break;
        default:
            box.account[MFA_ACCOUNT_ENROLLED] = "600";
        }

        assert_int_equal(run_reminder(), MFA_OUTCOME_DONE);
        assert_int_equal(reminder.queued, 0);
        assert_string_equal(box.sent[3], "UNWATCH\n");
    }
}


static void
where_no_mail_can_go_it_is_noted(void **state)
{
    (void) state;
    somebody_late("1800003600");
    box.account[MFA_ACCOUNT_EMAIL] = NULL;
    assert_int_equal(run_reminder(), MFA_OUTCOME_DONE);
    assert_int_equal(reminder.queued, 0);
    box_has("HSET mfa:{user}:notices alice reminder 1800003600\n");
    box_has_not("XADD");
}


static void
another_mailer_was_faster(void **state)
{
    (void) state;
    somebody_late("1800003600");
    box.aborts = 2;
    assert_int_equal(run_reminder(), MFA_OUTCOME_DONE);
    assert_int_equal(reminder.queued, 1);
    assert_int_equal(box.ops, 8);

    box.aborts = 99;
    assert_int_equal(run_reminder(), MFA_OUTCOME_DONE);
    assert_int_equal(reminder.queued, 0);
}


static mfa_outcome_e
run_dead(void)
{
    mfa_flow_dead_init(&dead);
    dead.flow.env.now = NOW;
    dead.flow.env.portal = &portal;
    dead.id = mfa_lit(ID);
    dead.actor = mfa_lit("mfactl:root");

    return box_run(&dead.flow);
}


static void
a_dead_letter_goes_back_once(void **state)
{
    (void) state;
    memcpy(&box.entry[12], (const char *[]) { "reason", "x", "tries", "3",
                                              NULL }, 5 * sizeof(char *));
    assert_int_equal(run_dead(), MFA_OUTCOME_DONE);
    assert_non_null(strstr(box.sent[1],
        "XADD mfa:{user}:outbox * mail enabled login alice to a@example.com "
        "generation 7 at 5 detail 1800003600\n"
        "XDEL mfa:{user}:outbox-dead " ID "\n"));
    box_has("event mail result requeued login alice actor mfactl:root");

    box.aborts = 1;
    assert_int_equal(run_dead(), MFA_OUTCOME_DONE);
    assert_int_equal(box.ops, 4);

    box.id = NULL;
    assert_int_equal(run_dead(), MFA_OUTCOME_ABSENT);
    assert_string_equal(box.sent[1], "UNWATCH\n");

    box.id = ID;
    mail_of("nonsense");
    assert_int_equal(run_dead(), MFA_OUTCOME_REFUSED);
    assert_string_equal(box.sent[1], "UNWATCH\n");
}


static mfa_outcome_e
run_settle_later(void)
{
    return run_settle(MFA_SENT_LATER, 1);
}


static void
judge_down(mfa_outcome_e outcome)
{
    if (box.made && (box.kind == BOX_DOWN || box.kind == BOX_SHORT
                     || box.kind == BOX_ERROR))
    {
        assert_int_equal(outcome, MFA_OUTCOME_UNAVAILABLE);
    }
}


static void
what_was_not_acknowledged_is_not_done(void **state)
{
    (void) state;
    assert_int_equal(run_take(), MFA_OUTCOME_DONE);
    assert_true(box_fail_all(1, run_settle_later, judge_down) > 20);
    somebody_late("1800003600");
    assert_true(box_fail_all(4, run_reminder, judge_down) > 50);
    memset(box.due, 0, sizeof(box.due));
    assert_true(box_fail_all(2, run_dead, judge_down) > 20);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup(t, set_up)

    const struct CMUnitTest  tests[] = {
        TEST(a_mail_is_taken_and_its_token_made),
        TEST(a_mail_without_a_link_has_no_token),
        TEST(who_has_no_password_is_sent_no_link_that_asks_for_it),
        TEST(an_empty_outbox_has_none),
        TEST(what_a_dead_sender_held_is_taken_first),
        TEST(what_waited_long_enough_is_taken_by_one),
        TEST(what_waits_under_no_name_is_no_answer),
        TEST(security_88_a_stale_mail_is_dropped_without_a_token),
        TEST(an_entry_that_is_no_mail_is_kept_for_people),
        TEST(without_randomness_there_is_no_token),
        TEST(a_store_that_lies_hands_out_no_mail),
        TEST(what_was_sent_is_done_with),
        TEST(what_was_refused_for_now_waits_longer_each_time),
        TEST(a_server_that_is_away_costs_no_try),
        TEST(what_was_refused_for_good_is_a_dead_letter),
        TEST(feature_100_01_a_day_before_the_deadline),
        TEST(whoever_is_not_late_is_not_told),
        TEST(where_no_mail_can_go_it_is_noted),
        TEST(another_mailer_was_faster),
        TEST(a_dead_letter_goes_back_once),
        TEST(what_was_not_acknowledged_is_not_done),
    };

    return cmocka_run_group_tests_name("flow_mailer", tests, NULL, NULL);
}
