/*
 * The rights of every role, spelled out a second time, by letters: whoever
 * changes the table in core/right.c by mistake is told here.  Broken, a role may
 * what design.md, section 7, does not give it (security 78, 79), or a write goes
 * through on an old proof (security 37, 83).
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/right.h"

#define NOW  1800000000LL

/* A letter a role, in the order of mfa_role_e; '-' is MFA_ROLE_NONE. */
static const char  letters[] = "-OAMHRBCD";


static int
said(const char *who, int role)
{
    return strchr(who, letters[role]) != NULL;
}


static void
feature_003_14_to_21_rights_about_no_account(void **state)
{
    int     role;
    size_t  i;

    static const struct {
        mfa_right_e  right;
        const char  *who;
    } rows[] = {
        { MFA_RIGHT_NONE,       "" },
        { MFA_RIGHT_HOME,       "OAMHRCD" },
        { MFA_RIGHT_WIDGET,     "OAMHR" },
        { MFA_RIGHT_WIDGET_ACT, "O" },
        { MFA_RIGHT_SETTINGS,   "OAMHR" },
        { MFA_RIGHT_AUDIT,      "OAMHR" },
        { MFA_RIGHT_TOKENS,     "OA" },
        /* these are about an account, and there is none */
        { MFA_RIGHT_LOOK,       "" },
        { MFA_RIGHT_REQUIRE,    "" },
        { MFA_RIGHT_RESET,      "" },
        { MFA_RIGHT_UNLOCK,     "" },
        { MFA_RIGHT_EXTEND,     "" },
        { MFA_RIGHT_RESEND,     "" },
        { MFA_RIGHT_SESSIONS,   "" },
        { MFA_RIGHT_ACCOUNT,    "" },
        { MFA_RIGHT_N,          "" },
        { (mfa_right_e) 99,     "" },
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (role = 0; role < MFA_ROLE_N; role++) {
            assert_int_equal(mfa_may((mfa_role_e) role, rows[i].right,
                                     MFA_TARGET_NONE, MFA_ROLE_NONE,
                                     MFA_ROLE_NONE),
                             said(rows[i].who, role));
        }
    }

    assert_int_equal(i, MFA_RIGHT_N + 2);
}


/* Rows: a right; columns: who has it over users, over an admin of each role but
   administrator_with_billing, over one of these. */
static void
security_78_rights_over_accounts(void **state)
{
    int     role, of;
    size_t  i;

    static const struct {
        mfa_right_e  right;
        const char  *users;
        const char  *admins;
        const char  *owners;
    } rows[] = {
        { MFA_RIGHT_LOOK,     "OAMHR", "OAMHR", "OAMHR" },
        { MFA_RIGHT_REQUIRE,  "OAM",   "OA",    "O" },
        { MFA_RIGHT_RESET,    "OAMH",  "OA",    "O" },
        { MFA_RIGHT_UNLOCK,   "OAMH",  "OA",    "O" },
        { MFA_RIGHT_EXTEND,   "OAMH",  "OA",    "O" },
        { MFA_RIGHT_RESEND,   "OAM",   "OA",    "O" },
        { MFA_RIGHT_SESSIONS, "OAM",   "OA",    "O" },
        { MFA_RIGHT_ACCOUNT,  "OAM",   "OA",    "O" },
        /* these are about no account */
        { MFA_RIGHT_NONE,       "", "", "" },
        { MFA_RIGHT_HOME,       "", "", "" },
        { MFA_RIGHT_WIDGET,     "", "", "" },
        { MFA_RIGHT_WIDGET_ACT, "", "", "" },
        { MFA_RIGHT_SETTINGS,   "", "", "" },
        { MFA_RIGHT_AUDIT,      "", "", "" },
        { MFA_RIGHT_TOKENS,     "", "", "" },
        { MFA_RIGHT_N,          "", "", "" },
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (role = 0; role < MFA_ROLE_N; role++) {
            assert_int_equal(mfa_may((mfa_role_e) role, rows[i].right,
                                     MFA_TARGET_USER, MFA_ROLE_NONE,
                                     MFA_ROLE_NONE),
                             said(rows[i].users, role));

            for (of = 0; of < MFA_ROLE_N; of++) {
                assert_int_equal(mfa_may((mfa_role_e) role, rows[i].right,
                                         MFA_TARGET_ADMIN, (mfa_role_e) of,
                                         MFA_ROLE_NONE),
                                 said(letters[of] == 'O' ? rows[i].owners
                                                         : rows[i].admins,
                                      role));
            }
        }
    }

    assert_int_equal(i, MFA_RIGHT_N + 1);
}


/* Who may give what: an administrator has no billing to give away. */
static void
security_79_nobody_gives_what_he_has_not(void **state)
{
    int  actor, given, may;

    static const char *const  gives[MFA_ROLE_N] = {
        [MFA_ROLE_ADMINISTRATOR_WITH_BILLING] = "OAMHRBCD",
        [MFA_ROLE_ADMINISTRATOR]              = "AMHRC",
    };

    (void) state;

    for (actor = 0; actor < MFA_ROLE_N; actor++) {
        for (given = 1; given < MFA_ROLE_N; given++) {
            may = gives[actor] != NULL && said(gives[actor], given);
            assert_int_equal(mfa_may((mfa_role_e) actor, MFA_RIGHT_ACCOUNT,
                                     MFA_TARGET_ADMIN, MFA_ROLE_READ_ONLY,
                                     (mfa_role_e) given), may);
            /* a token is given a role, too */
            assert_int_equal(mfa_may((mfa_role_e) actor, MFA_RIGHT_TOKENS,
                                     MFA_TARGET_NONE, MFA_ROLE_NONE,
                                     (mfa_role_e) given), may);
        }

        /* not to an administrator_with_billing by somebody else */
        assert_int_equal(mfa_may((mfa_role_e) actor, MFA_RIGHT_ACCOUNT,
                                 MFA_TARGET_ADMIN,
                                 MFA_ROLE_ADMINISTRATOR_WITH_BILLING,
                                 MFA_ROLE_READ_ONLY),
                         letters[actor] == 'O');
    }
}


static void
roles_within_roles(void **state)
{
    int  a, b;

    /* what each role covers */
    static const char *const  covers[MFA_ROLE_N] = {
        "-", "-OAMHRBCD", "-AMHRC", "-MHRC", "-HRC", "-RC", "-B", "-C", "-BCD"
    };

    (void) state;

    for (a = 0; a < MFA_ROLE_N; a++) {
        for (b = 0; b < MFA_ROLE_N; b++) {
            assert_int_equal(mfa_role_within((mfa_role_e) a, (mfa_role_e) b),
                             said(covers[b], a));
        }
    }
}


static void
values_outside_the_enumerations_may_nothing(void **state)
{
    int  right;

    (void) state;

    for (right = 0; right < MFA_RIGHT_N; right++) {
        assert_false(mfa_may((mfa_role_e) 99, (mfa_right_e) right,
                             MFA_TARGET_NONE, MFA_ROLE_NONE, MFA_ROLE_NONE));
        assert_false(mfa_may((mfa_role_e) 99, (mfa_right_e) right,
                             MFA_TARGET_USER, MFA_ROLE_NONE, MFA_ROLE_NONE));
        assert_false(mfa_may(MFA_ROLE_ADMINISTRATOR_WITH_BILLING,
                             (mfa_right_e) right, (mfa_target_e) 99,
                             MFA_ROLE_NONE, MFA_ROLE_NONE));
    }
}


static void
an_account_with_a_role_is_an_admins(void **state)
{
    mfa_str_t     none = { NULL, 0 };
    mfa_portal_t  user, admin;

    (void) state;
    assert_int_equal(mfa_portal_init(&user, mfa_lit("user")), 0);
    assert_int_equal(mfa_portal_init(&admin, mfa_lit("admin")), 0);

    assert_int_equal(mfa_target_kind(&admin, &user, none), MFA_TARGET_USER);
    assert_int_equal(mfa_target_kind(&admin, &admin, none), MFA_TARGET_ADMIN);
    assert_int_equal(mfa_target_kind(&admin, &user, mfa_lit("manager")),
                     MFA_TARGET_ADMIN);
    /* also one nobody knows */
    assert_int_equal(mfa_target_kind(&admin, &user, mfa_lit("king")),
                     MFA_TARGET_ADMIN);
}


static void
who_cannot_pass_the_gate_has_no_role(void **state)
{
    mfa_portal_t   portal;
    mfa_account_t  a;

    (void) state;
    assert_int_equal(mfa_portal_init(&portal, mfa_lit("admin")), 0);
    memset(&a, 0, sizeof(a));
    a.role = mfa_lit("manager");
    a.deadline = -1;

    assert_int_equal(mfa_right_role(&portal, &a, NOW), MFA_ROLE_MANAGER);

    a.disabled = 1;
    assert_int_equal(mfa_right_role(&portal, &a, NOW), MFA_ROLE_NONE);
    a.disabled = 0;
    a.fault = 1;
    assert_int_equal(mfa_right_role(&portal, &a, NOW), MFA_ROLE_NONE);
    a.fault = 0;

    a.required = 1;
    assert_int_equal(mfa_right_role(&portal, &a, NOW), MFA_ROLE_NONE);
    a.deadline = NOW;
    assert_int_equal(mfa_right_role(&portal, &a, NOW), MFA_ROLE_NONE);
    a.deadline = NOW + 1;
    assert_int_equal(mfa_right_role(&portal, &a, NOW), MFA_ROLE_MANAGER);
    a.deadline = NOW - 1;
    a.enrolled = 5;
    assert_int_equal(mfa_right_role(&portal, &a, NOW), MFA_ROLE_MANAGER);

    a.role = mfa_lit("Manager");
    assert_int_equal(mfa_right_role(&portal, &a, NOW), MFA_ROLE_NONE);
}


static void
security_37_a_proof_is_ten_minutes_old_at_most(void **state)
{
    mfa_portal_t   portal;
    mfa_account_t  a;
    mfa_session_t  s;

    (void) state;
    assert_int_equal(mfa_portal_init(&portal, mfa_lit("admin")), 0);
    memset(&a, 0, sizeof(a));
    memset(&s, 0, sizeof(s));
    a.login = mfa_lit("root");
    a.generation = 3;
    s.login = mfa_lit("root");
    s.generation = 3;
    s.level = MFA_LEVEL_PASSWORD;
    s.password_at = NOW - 600;

    assert_int_equal(mfa_right_proof(&portal, NULL, &a, NOW), MFA_PROOF_NONE);
    assert_int_equal(mfa_right_proof(&portal, &s, NULL, NOW), MFA_PROOF_NONE);

    /* without a factor: the password */
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW), MFA_PROOF_GOOD);
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW + 1), MFA_PROOF_PASSWORD);
    s.password_at = 0;
    assert_int_equal(mfa_right_proof(&portal, &s, &a, 100), MFA_PROOF_PASSWORD);

    /* where nobody types one: a factor, however new the session is */
    s.password_at = NOW;
    portal.first = MFA_FIRST_REQUEST;
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW), MFA_PROOF_GOOD);
    portal.first = MFA_FIRST_IDENTITY;
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW), MFA_PROOF_ENROL);

    /* with one: a code, whatever the password */
    a.enrolled = 5;
    s.password_at = NOW;
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW), MFA_PROOF_CODE);
    s.code_at = NOW;
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW), MFA_PROOF_CODE);
    s.level = MFA_LEVEL_MFA;
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW), MFA_PROOF_GOOD);
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW + 600), MFA_PROOF_GOOD);
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW + 601), MFA_PROOF_CODE);
    s.code_at = 0;
    assert_int_equal(mfa_right_proof(&portal, &s, &a, 100), MFA_PROOF_CODE);
    s.code_at = NOW;

    /* no session of this account any more */
    s.generation = 2;
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW), MFA_PROOF_NONE);
    s.generation = 3;
    s.login = mfa_lit("other");
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW), MFA_PROOF_NONE);
    s.login = a.login;
    s.level = MFA_LEVEL_NONE;
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW), MFA_PROOF_NONE);
    s.level = MFA_LEVEL_MFA;
    a.disabled = 1;
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW), MFA_PROOF_NONE);
    a.disabled = 0;
    a.fault = 1;
    assert_int_equal(mfa_right_proof(&portal, &s, &a, NOW), MFA_PROOF_NONE);

    assert_string_equal(mfa_proof_name(MFA_PROOF_NONE), "none");
    assert_string_equal(mfa_proof_name(MFA_PROOF_CODE), "code");
    assert_string_equal(mfa_proof_name(MFA_PROOF_PASSWORD), "password");
    assert_string_equal(mfa_proof_name(MFA_PROOF_ENROL), "enrol");
    assert_string_equal(mfa_proof_name(MFA_PROOF_GOOD), "good");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(feature_003_14_to_21_rights_about_no_account),
        cmocka_unit_test(security_78_rights_over_accounts),
        cmocka_unit_test(security_79_nobody_gives_what_he_has_not),
        cmocka_unit_test(roles_within_roles),
        cmocka_unit_test(values_outside_the_enumerations_may_nothing),
        cmocka_unit_test(an_account_with_a_role_is_an_admins),
        cmocka_unit_test(who_cannot_pass_the_gate_has_no_role),
        cmocka_unit_test(security_37_a_proof_is_ten_minutes_old_at_most),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("right", tests, NULL, NULL);
}
