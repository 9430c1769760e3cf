/*
 * What the console's flows are tried in: the world of the other flows with the
 * indexes filled by flow admin itself, and a driver for flows that are answered
 * with failures in turn.
 *
 * cmocka.h is included before this file.
 */

#ifndef MFA_TEST_CONSOLE_WORLD_H
#define MFA_TEST_CONSOLE_WORLD_H

#include "core/flow_admin.h"
#include "flow_failure.h"


/* One change by flow admin, which must work. */
static inline void
world_admin(world_t *w, mfa_admin_e action, const char *login,
    void (*fill)(mfa_flow_admin_t *admin))
{
    size_t                   mark = store_n_blocks;
    static mfa_flow_admin_t  admin;

    mfa_flow_admin_init(&admin);
    admin.action = action;
    admin.login = mfa_str_from(login);
    admin.actor = mfa_lit("setup");

    if (fill != NULL) {
        fill(&admin);
    }

    assert_int_equal(world_run(w, &admin.flow), MFA_OUTCOME_DONE);
    store_release(mark);
}


/*
 * Every failure of every operation of a flow, each in its turn.  act runs the
 * flow once over and says its outcome; may_be tells whether it may end well on
 * an answer that a store in its right mind could have given.
 */
typedef struct {
    void           (*prepare)(world_t *w);
    mfa_outcome_e  (*act)(world_t *w);
    /* What must hold when the flow ended with DONE although it was lied to with
       an answer that could be one; NULL: nothing. */
    void           (*done)(world_t *w);
} console_trial_t;

static const console_trial_t  *console_now;


static inline void
console_judge(world_t *w, mfa_outcome_e outcome)
{
    w->disturb = NULL;
    w->meddle = NULL;

    if (!failure.honest) {
        assert_int_equal(outcome, MFA_OUTCOME_UNAVAILABLE);

    } else if (outcome == MFA_OUTCOME_DONE && console_now->done != NULL) {
        console_now->done(w);
    }
}


static inline int
console_once(world_t *w, const world_t *prepared)
{
    size_t         mark = store_n_blocks;
    mfa_outcome_e  outcome;

    *w = *prepared;
    w->disturb = failure_apply;
    w->meddle = failure.lost ? failure_snapshot : NULL;
    w->meddle_at = failure.at;
    failure.hit = failure.made = failure.honest = 0;
    failure.replies = failure.elements = 0;

    outcome = console_now->act(w);

    if (failure.made) {
        console_judge(w, outcome);
    }

    store_release(mark);

    return failure.made;
}


/* How many failures there were; *operations is how many the flow asks for. */
static inline size_t
console_trial(world_t *w, const console_trial_t *trial, size_t *operations)
{
    int             elements;
    size_t          n = 0, made, kind;
    static world_t  prepared;

    console_now = trial;
    world_init(w);
    trial->prepare(w);
    prepared = *w;

    assert_int_equal(trial->act(w), MFA_OUTCOME_DONE);
    *operations = w->asked;

    for (failure.at = 0; failure.at < *operations; failure.at++) {
        failure.reply = 0;

        do {
            made = 0;
            elements = -1;

            for (failure.element = -1; failure.element <= elements;
                 failure.element++)
            {
                for (kind = 0; kind < FAIL_KINDS; kind++) {
                    for (failure.lost = 0; failure.lost < 2; failure.lost++) {
                        failure.kind = (failure_e) kind;
                        made += (size_t) console_once(w, &prepared);

                        if ((int) failure.elements - 1 > elements) {
                            elements = (int) failure.elements - 1;
                        }
                    }
                }
            }

            n += made;
            failure.reply++;
        } while (made);

        assert_true(failure.reply > 1);
    }

    store_release(0);

    return n;
}

#endif /* MFA_TEST_CONSOLE_WORLD_H */
