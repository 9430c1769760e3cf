/*
 * What the console shows: lists, numbers, one account, the audit.  Broken, a
 * page shows an account that is not of its list, a store that fails passes for
 * an empty list (security 56), or a session that is over for one that is open.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/flow_audit.h"
#include "core/flow_detail.h"
#include "core/flow_home.h"
#include "core/flow_list.h"
#include "console_world.h"

static world_t            w;
static mfa_flow_list_t    list;
static mfa_flow_home_t    home;
static mfa_flow_detail_t  detail;
static mfa_flow_audit_t   audit;


static void
required_3d(mfa_flow_admin_t *admin)
{
    admin->require = 1;
    admin->grace_sec = 3 * DAY;
}


static void
required_9d(mfa_flow_admin_t *admin)
{
    admin->require = 1;
    admin->grace_sec = 9 * DAY;
    admin->name = mfa_lit("Carl Smith");
}


static void
required_now(mfa_flow_admin_t *admin)
{
    admin->require = 1;
    admin->grace_sec = 0;
}


static void
named(mfa_flow_admin_t *admin)
{
    admin->email = mfa_lit("smith@example.org");
    admin->name = mfa_lit("Ann Smith");
}


/* ann: nothing; bob: 3 days; carl: 9 days; dora: at once; ed: a factor. */
static void
population(world_t *world)
{
    world_admin(world, MFA_ADMIN_ADD, "ann", named);
    world_admin(world, MFA_ADMIN_ADD, "bob", required_3d);
    world_admin(world, MFA_ADMIN_ADD, "carl", required_9d);
    world_admin(world, MFA_ADMIN_ADD, "dora", required_now);
    world_account(world, "ed", (standing_t) { 1, NOW - 5, 1, 0, 0, 3 });
    world_admin(world, MFA_ADMIN_UNREQUIRE, "ed", NULL);
    world_admin(world, MFA_ADMIN_REQUIRE, "ed", NULL);
}


static mfa_outcome_e
run_list(mfa_rows_e rows, const char *search, mfa_str_t cursor, size_t n)
{
    mfa_flow_list_init(&list);
    list.rows_of = rows;
    list.search = mfa_str_from(search);
    list.cursor = cursor;
    list.n = n;
    list.until = w.store.now + 5 * DAY;

    return world_run(&w, &list.flow);
}


/* The logins of all pages of n, joined by blanks. */
static const char *
pages(mfa_rows_e rows, const char *search, size_t n)
{
    size_t       i;
    uint8_t      room[MFA_LIST_CURSOR_MAX];
    mfa_buf_t    b, cursor;
    static char  text[512];

    mfa_buf_init(&b, text, sizeof(text) - 1);
    mfa_buf_init(&cursor, room, sizeof(room));

    do {
        assert_int_equal(run_list(rows, search, mfa_buf_since(&cursor, 0), n),
                         MFA_OUTCOME_DONE);
        assert_true(list.n_rows <= n);

        for (i = 0; i < list.n_rows; i++) {
            mfa_buf_cstr(&b, b.len ? " " : "");
            mfa_buf_str(&b, list.rows[i].login);
        }

        cursor.len = 0;
        mfa_buf_str(&cursor, list.next);
    } while (cursor.len);

    text[b.len] = '\0';

    return text;
}


static void
feature_000_03_each_list_has_whom_it_says(void **state)
{
    int     n;
    size_t  i;

    static const struct {
        mfa_rows_e   rows;
        const char  *logins;
    } lists[] = {
        { MFA_ROWS_ALL,          "ann bob carl dora ed" },
        { MFA_ROWS_REQUIRED,     "bob carl dora ed" },
        { MFA_ROWS_NOT_REQUIRED, "ann" },
        { MFA_ROWS_ENROLLED,     "ed" },
        { MFA_ROWS_UNENROLLED,   "dora bob carl" },
        { MFA_ROWS_DUE,          "dora" },
        { MFA_ROWS_GRACE,        "bob carl" },
        { MFA_ROWS_LOCKED,       "" },
        { MFA_ROWS_FORECAST,     "bob" },
    };

    (void) state;
    world_init(&w);
    population(&w);

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (n = 1; n < 4; n++) {
            assert_string_equal(pages(lists[i].rows, "", (size_t) n),
                                lists[i].logins);
        }

        assert_int_equal(mfa_rows_find(mfa_str_from(
                             mfa_rows_name(lists[i].rows))), lists[i].rows);
    }

    assert_int_equal(mfa_rows_find(mfa_lit("nobody")), -1);
    assert_string_equal(mfa_rows_name((mfa_rows_e) 99), "");

    /* time passes: bob's deadline is over */
    w.store.now += 4 * DAY;
    assert_string_equal(pages(MFA_ROWS_LOCKED, "", 1), "bob");
    assert_string_equal(pages(MFA_ROWS_GRACE, "", 1), "carl");
    store_release(0);
}


static void
search_finds_each_once(void **state)
{
    size_t  n;

    (void) state;
    world_init(&w);
    population(&w);

    for (n = 1; n < 5; n++) {
        assert_string_equal(pages(MFA_ROWS_ALL, "smi", n), "ann carl");
        assert_string_equal(pages(MFA_ROWS_REQUIRED, "SMI", n), "carl");
        assert_string_equal(pages(MFA_ROWS_ALL, "smith@", n), "ann");
        assert_string_equal(pages(MFA_ROWS_ALL, "jones", n), "");
    }

    store_release(0);
}


static void
rows_say_how_accounts_stand(void **state)
{
    (void) state;
    world_init(&w);
    population(&w);

    assert_int_equal(run_list(MFA_ROWS_ALL, "", mfa_lit(""), 30),
                     MFA_OUTCOME_DONE);
    assert_int_equal(list.n_rows, 5);
    assert_int_equal(list.next.len, 0);
    assert_int_equal(list.total, -1);

    assert_int_equal(list.standings[0].key, MFA_KEY_NONE);
    assert_int_equal(list.standings[0].days_left, -1);
    assert_int_equal(list.standings[1].key, MFA_KEY_PENDING);
    assert_int_equal(list.standings[1].days_left, 3);
    assert_int_equal(list.standings[3].days_left, 0);
    assert_false(list.standings[3].locked);
    assert_int_equal(list.standings[4].key, MFA_KEY_ENROLLED);
    assert_int_equal(list.rows[0].version, 1);
    assert_true(mfa_str_is(list.rows[0].email, "smith@example.org"));
    assert_string_equal(mfa_key_name(MFA_KEY_PENDING), "pending");

    assert_int_equal(run_list(MFA_ROWS_UNENROLLED, "", mfa_lit(""), 1),
                     MFA_OUTCOME_DONE);
    assert_int_equal(list.total, 3);
    store_release(0);
}


/* An index that is behind names somebody who is not of the list any more. */
static void
an_old_index_shows_nobody_wrongly(void **state)
{
    (void) state;
    world_init(&w);
    population(&w);
    store_cut(&w.store, ACCOUNT "bob", "required");
    store_cut(&w.store, ACCOUNT "carl", "created");

    assert_string_equal(pages(MFA_ROWS_UNENROLLED, "", 1), "dora");
    assert_string_equal(pages(MFA_ROWS_REQUIRED, "", 2), "dora ed");
    assert_string_equal(pages(MFA_ROWS_ALL, "", 2), "ann bob dora ed");
    store_release(0);
}


static void
cursors_of_other_lists_are_refused(void **state)
{
    size_t  i;

    static const char *const  bad[] = {
        "!", "A", "QUxJQ0U", "AAAA",
        "bm8gbG9naW4h",                     /* "no login!" */
    };

    (void) state;
    world_init(&w);
    population(&w);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(run_list(MFA_ROWS_ALL, "", mfa_str_from(bad[i]), 5),
                         MFA_OUTCOME_REFUSED);
        assert_int_equal(run_list(MFA_ROWS_GRACE, "", mfa_str_from(bad[i]), 5),
                         MFA_OUTCOME_REFUSED);
        assert_int_equal(run_list(MFA_ROWS_ALL, "a", mfa_str_from(bad[i]), 5),
                         MFA_OUTCOME_REFUSED);
    }

    assert_int_equal(run_list(MFA_ROWS_ALL, "", mfa_lit(""), 0),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(run_list(MFA_ROWS_ALL, "", mfa_lit(""), 31),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(run_list((mfa_rows_e) 99, "", mfa_lit(""), 5),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 0);
    store_release(0);
}


static mfa_outcome_e
run_home(world_t *world)
{
    mfa_flow_home_init(&home);
    home.until = world->store.now + 5 * DAY;

    return world_run(world, &home.flow);
}


static void
feature_003_11_the_home_page_counts(void **state)
{
    (void) state;
    world_init(&w);
    population(&w);
    assert_int_equal(run_home(&w), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 1);
    assert_int_equal(home.counts.required, 4);
    assert_int_equal(home.counts.not_required, 1);
    assert_int_equal(home.counts.total, 5);
    assert_int_equal(home.counts.enrolled, 1);
    assert_int_equal(home.counts.unenrolled, 3);
    assert_int_equal(home.counts.due, 1);
    assert_int_equal(home.counts.grace, 2);
    assert_int_equal(home.counts.locked, 0);
    assert_int_equal(home.forecast, 1);
    assert_false(home.stale);

    w.store.now += 4 * DAY;
    assert_int_equal(run_home(&w), MFA_OUTCOME_DONE);
    assert_int_equal(home.counts.locked, 1);
    assert_int_equal(home.counts.grace, 1);

    w.portal.require = MFA_REQUIRE_ALL;
    assert_int_equal(run_home(&w), MFA_OUTCOME_DONE);
    assert_true(home.stale);
    store_release(0);
}


static mfa_outcome_e
run_detail(world_t *world, const char *login)
{
    mfa_flow_detail_init(&detail);
    detail.login = mfa_str_from(login);

    return world_run(world, &detail.flow);
}


static void
security_34_details_show_what_is_open(void **state)
{
    (void) state;
    world_init(&w);
    population(&w);
    assert_int_equal(world_login(&w, "ed", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);

    assert_int_equal(run_detail(&w, "ed"), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 2);
    assert_int_equal(detail.n_sessions, 1);
    assert_int_equal(detail.standing.key, MFA_KEY_VALIDATED);
    assert_true(detail.n_events > 2);
    assert_true(mfa_str_is(detail.events[0].event, "code"));
    assert_true(mfa_str_is(detail.events[0].login, "ed"));
    assert_int_equal(detail.events_next.len, 0);
    assert_false(detail.more_sessions);

    /* nothing of somebody else's */
    assert_int_equal(run_detail(&w, "bob"), MFA_OUTCOME_DONE);
    assert_int_equal(detail.n_sessions, 0);
    assert_int_equal(detail.n_events, 1);

    /* a generation raised: the session is over, though it is listed */
    world_admin(&w, MFA_ADMIN_RESET, "ed", NULL);
    assert_non_null(store_text(&w.store, "mfa:{user}:account:ed",
                               "generation"));
    assert_true(store_there(&w.store, "mfa:{user}:sessions:ed"));
    assert_int_equal(run_detail(&w, "ed"), MFA_OUTCOME_DONE);
    assert_int_equal(detail.n_sessions, 0);

    assert_int_equal(world_login(&w, "ed", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(run_detail(&w, "ed"), MFA_OUTCOME_DONE);
    assert_int_equal(detail.n_sessions, 1);
    world_admin(&w, MFA_ADMIN_SESSIONS_END, "ed", NULL);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);
    assert_false(store_there(&w.store, "mfa:{user}:sessions:ed"));

    assert_int_equal(run_detail(&w, "nobody"), MFA_OUTCOME_ABSENT);
    assert_int_equal(run_detail(&w, "No Login"), MFA_OUTCOME_REFUSED);
    store_release(0);
}


static mfa_outcome_e
run_audit(world_t *world, const char *about, mfa_str_t before, size_t n)
{
    mfa_flow_audit_init(&audit);
    audit.filter.about = mfa_str_from(about);
    audit.before = before;
    audit.n = n;

    return world_run(world, &audit.flow);
}


static void
feature_100_11_the_audit_has_pages_and_filters(void **state)
{
    size_t     n;
    uint8_t    room[MFA_EVENT_ID_MAX];
    mfa_buf_t  before;

    (void) state;
    world_init(&w);
    population(&w);
    mfa_buf_init(&before, room, sizeof(room));

    for (n = 0; ; n += audit.n_rows) {
        assert_int_equal(run_audit(&w, "", mfa_buf_since(&before, 0), 3),
                         MFA_OUTCOME_DONE);

        if (audit.next.len == 0) {
            break;
        }

        before.len = 0;
        mfa_buf_str(&before, audit.next);
    }

    assert_int_equal(n + audit.n_rows, 6);

    assert_int_equal(run_audit(&w, "ed", mfa_lit(""), 50), MFA_OUTCOME_DONE);
    assert_int_equal(audit.n_rows, 2);
    assert_true(mfa_str_is(audit.rows[0].event, "require"));
    assert_true(mfa_str_is(audit.rows[1].event, "unrequire"));
    assert_int_equal(audit.rows[0].at, (NOW + 13) / 1000);
    assert_int_equal(audit.next.len, 0);

    /* who did it counts as well */
    assert_int_equal(run_audit(&w, "setup", mfa_lit(""), 50),
                     MFA_OUTCOME_DONE);
    assert_int_equal(audit.n_rows, 6);

    mfa_flow_audit_init(&audit);
    audit.filter.event = mfa_lit("add");
    audit.filter.login = mfa_lit("bob");
    audit.filter.result = mfa_lit("ok");
    audit.filter.actor = mfa_lit("setup");
    assert_int_equal(world_run(&w, &audit.flow), MFA_OUTCOME_DONE);
    assert_int_equal(audit.n_rows, 1);

    assert_int_equal(run_audit(&w, "", mfa_lit("x"), 5), MFA_OUTCOME_REFUSED);
    assert_int_equal(run_audit(&w, "", mfa_lit("1-2-3"), 5),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(run_audit(&w, "", mfa_lit(""), 51), MFA_OUTCOME_REFUSED);
    store_release(0);
}


/* --- stores that fail or lie --- */

static mfa_outcome_e
act_all(world_t *world)
{
    (void) world;

    return run_list(MFA_ROWS_ALL, "", mfa_lit(""), 2);
}


static mfa_outcome_e
act_search(world_t *world)
{
    (void) world;

    return run_list(MFA_ROWS_ALL, "smi", mfa_lit(""), 3);
}


/* Behind bob: "1800259213 bob". */
static mfa_outcome_e
act_deadline(world_t *world)
{
    (void) world;

    return run_list(MFA_ROWS_UNENROLLED, "", mfa_lit("MTgwMDI1OTIxMyBib2I"),
                    2);
}


static mfa_outcome_e
act_detail(world_t *world)
{
    return run_detail(world, "ed");
}


static mfa_outcome_e
act_audit(world_t *world)
{
    return run_audit(world, "ed", mfa_lit(""), 5);
}


static void
logged_in(world_t *world)
{
    population(world);
    assert_int_equal(world_login(world, "ed", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(world_enter(world, world_code(world, world_secret, 0)),
                     MFA_OUTCOME_DONE);
}


/* What was told of an account may be a lie; that it is of the list may not. */
static void
rows_belong(world_t *world)
{
    size_t  i;

    (void) world;
    assert_true(list.n_rows <= list.n);

    for (i = 0; i < list.n_rows; i++) {
        assert_true(mfa_login_check(list.rows[i].login));
        assert_true(list.rows_of != MFA_ROWS_UNENROLLED
                    || (list.standings[i].required && !list.rows[i].enrolled));
    }
}


static void
security_56_a_failing_store_shows_nothing(void **state)
{
    size_t  i, operations;

    static const struct {
        console_trial_t  trial;
        size_t           operations;
    } trials[] = {
        { { population, act_all, rows_belong }, 2 },
        { { population, act_search, rows_belong }, 2 },
        { { population, act_deadline, rows_belong }, 3 },
        { { population, run_home, NULL }, 1 },
        { { logged_in, act_detail, NULL }, 2 },
        { { population, act_audit, NULL }, 1 },
    };

    (void) state;

    for (i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        assert_true(console_trial(&w, &trials[i].trial, &operations) > 80);
        assert_int_equal(operations, trials[i].operations);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(feature_000_03_each_list_has_whom_it_says),
        cmocka_unit_test(search_finds_each_once),
        cmocka_unit_test(rows_say_how_accounts_stand),
        cmocka_unit_test(an_old_index_shows_nobody_wrongly),
        cmocka_unit_test(cursors_of_other_lists_are_refused),
        cmocka_unit_test(feature_003_11_the_home_page_counts),
        cmocka_unit_test(security_34_details_show_what_is_open),
        cmocka_unit_test(feature_100_11_the_audit_has_pages_and_filters),
        cmocka_unit_test(security_56_a_failing_store_shows_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_console", tests, NULL, NULL);
}
