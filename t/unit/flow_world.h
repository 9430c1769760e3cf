/*
 * Where the unit tests of flows live: a portal, a key ring, a clock that stands
 * still until it is told otherwise, accounts in a scripted store, and a driver
 * that carries out what a flow asks for, as the shells do.  One operation can
 * be answered with a failure of the test's choice, see flow_failure.h.
 *
 * cmocka.h is included before this file.
 */

#ifndef MFA_TEST_FLOW_WORLD_H
#define MFA_TEST_FLOW_WORLD_H

#include "core/factor.h"
#include "core/flow_code.h"
#include "core/flow_enrol.h"
#include "core/flow_login.h"

#include "ring.h"
#include "scripted_store.h"

#define NOW       1800000000LL              /* a time step begins */
#define DAY       86400LL
#define NET       "192.0.2.0/32"
#define STRANGER  "198.51.100.7/32"
#define PASSWORD  "correct-horse"
#define HASHED    "$test$"                  /* the driver's crypt(5) */
#define HASHED_NEW  "$y$"                   /* what it makes */
#define AUDIT     "mfa:{user}:audit"
#define ACCOUNT   "mfa:{user}:account:"

typedef struct world_s  world_t;

/* Called with the answer before the flow sees it; may change it. */
typedef void (*world_disturb_pt)(world_t *w, const mfa_flow_t *flow,
    mfa_result_t *result);

struct world_s {
    store_t              store;
    mfa_portal_t         portal;
    const char          *net;
    const char          *locale;            /* of the pages, or NULL */
    int64_t              usec;              /* one more for each flow */

    int                  remember;          /* codes ask for a device */
    mfa_who_t            who;               /* for a test to keep from a gate */

    /* What the flow under test came to. */
    size_t               asked;             /* operations so far */
    int                  opened;            /* token is of a session opened */
    mfa_session_token_t  token;
    int64_t              retry_after;
    int                  trusted;           /* device is one that was made */
    mfa_session_token_t  device;

    /* Disturbances: before operation number meddle_at, and in answers. */
    void               (*meddle)(world_t *w);
    size_t               meddle_at;
    world_disturb_pt     disturb;
};

/* How an account stands; what is not named is zero: nothing. */
typedef struct {
    int         required;
    int64_t     deadline;                   /* 0: no such field */
    int         enrolled;
    int         validated;
    int         disabled;
    int64_t     generation;
} standing_t;

static const uint8_t  world_secret[MFA_TOTP_SECRET_BYTES] =
    "12345678901234567890";                 /* is cut before its 0 */

#define SECRET_ID  "c2VjcmV0LTE"

static mfa_keyring_t  world_ring;
static uint64_t       world_randoms;
static int            world_no_random;


static inline int
world_random(uint8_t *buf, size_t len)
{
    size_t    i;
    uint64_t  x;

    if (world_no_random) {
        return -1;
    }

    /* SplitMix64: different every time, the same in every run */
    for (i = 0; i < len; i++) {
        x = world_randoms += 0x9e3779b97f4a7c15u;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        buf[i] = (uint8_t) (x ^ (x >> 31));
    }

    return 0;
}


static inline void
world_init(world_t *w)
{
    world_no_random = 0;
    memset(w, 0, sizeof(world_t));
    store_init(&w->store, NOW + 13);
    ring_of(&world_ring, "k1:" KEY_1);
    assert_int_equal(mfa_portal_init(&w->portal, mfa_lit("user")), 0);
    w->net = NET;
}


static inline void
world_account(world_t *w, const char *login, standing_t s)
{
    char             key[STORE_NAME_BYTES];
    uint8_t          sealed[MFA_SEAL_TEXT_MAX];
    mfa_buf_t        b;
    mfa_seal_bind_t  bind = {
        "totp", w->portal.name, mfa_str_from(login), mfa_lit(SECRET_ID)
    };

    snprintf(key, sizeof(key), ACCOUNT "%s", login);
    store_put_int(&w->store, key, "created", NOW - 100 * DAY);
    store_put_int(&w->store, key, "generation", s.generation);
    store_put_int(&w->store, key, "version", 1);
    store_put(&w->store, key, "password", mfa_lit(HASHED PASSWORD));

    if (s.required) {
        store_put_int(&w->store, key, "required", 1);
    }

    if (s.disabled) {
        store_put_int(&w->store, key, "disabled", 1);
    }

    if (s.deadline) {
        store_put_int(&w->store, key, "deadline", s.deadline);
    }

    if (s.enrolled) {
        mfa_buf_init(&b, sealed, sizeof(sealed));
        assert_int_equal(mfa_seal_make(&world_ring, world_random, &bind,
                                       (mfa_str_t) { world_secret, 20 }, &b),
                         0);
        store_put_int(&w->store, key, "enrolled", NOW - 50 * DAY);
        store_put(&w->store, key, "secret_id", mfa_lit(SECRET_ID));
        store_put(&w->store, key, "secret", mfa_buf_since(&b, 0));
    }

    if (s.validated) {
        store_put(&w->store, key, "validated", mfa_lit(SECRET_ID));
    }
}


/* The code of the time step that lies steps from now; lives as a reply does. */
static inline mfa_str_t
world_code(world_t *w, const uint8_t *secret, int steps)
{
    uint8_t  *code = store_block(MFA_TOTP_DIGITS_MAX);

    assert_int_equal(mfa_hotp_make(&w->portal.totp, secret, 20,
                                   (uint64_t) (w->store.now / 30 + steps),
                                   code), 0);

    return (mfa_str_t) { code, w->portal.totp.digits };
}


/* Six digits that are right at no step near now. */
static inline mfa_str_t
world_wrong_code(world_t *w, const uint8_t *secret)
{
    int          i;
    size_t       c;
    char        *text = store_block(8);
    mfa_str_t    code;

    for (c = 0; c < 1000000; c++) {
        snprintf(text, 8, "%06u", (unsigned) c);
        code = (mfa_str_t) { (const uint8_t *) text, 6 };

        for (i = -3; i <= 3; i++) {
            if (mfa_str_eq(world_code(w, secret, i), code)) {
                break;
            }
        }

        if (i == 4) {
            break;
        }
    }

    return code;
}


/* --- the driver --- */

static inline void
world_answer(world_t *w, const mfa_flow_t *flow, mfa_flow_e asks,
    mfa_result_t *result)
{
    memset(result, 0, sizeof(mfa_result_t));

    if (w->meddle != NULL && w->asked == w->meddle_at) {
        w->meddle(w);
    }

    if (asks == MFA_FLOW_HASH && flow->hash.make) {
        mfa_buf_t  made;

        mfa_buf_init(&made, store_block(MFA_HASH_TEXT_MAX), MFA_HASH_TEXT_MAX);
        mfa_buf_cstr(&made, HASHED_NEW);
        mfa_buf_str(&made, flow->hash.password);
        result->text = mfa_buf_since(&made, 0);
        result->hash = MFA_YES;

    } else if (asks == MFA_FLOW_HASH) {
        mfa_str_t  id, hashed = flow->hash.setting;

        result->hash = MFA_NO;

        if (mfa_str_begins(hashed, HASHED)
            || mfa_str_begins(hashed, HASHED_NEW))
        {
            hashed.data++;
            hashed.len--;
            mfa_str_cut(hashed, '$', &id, &hashed);

            if (mfa_str_eq(hashed, flow->hash.password)) {
                result->hash = MFA_YES;
            }
        }

    } else if (asks == MFA_FLOW_OUTSIDE) {
        result->hash = mfa_str_is(flow->outside.password, PASSWORD) ? MFA_YES
                                                                    : MFA_NO;

    } else if (!flow->op.failed) {
        result->ok = 1;
        result->n = flow->op.n;
        result->replies = (const mfa_reply_t *const *)
                          store_carry_out(&w->store, &flow->op);
    }

    if (w->disturb != NULL) {
        w->disturb(w, flow, result);
    }

    w->asked++;
}


static inline mfa_outcome_e
world_run(world_t *w, mfa_flow_t *flow)
{
    mfa_flow_e    asks;
    mfa_result_t  result = { 0, NULL, 0, MFA_UNKNOWN, { NULL, 0 } };

    flow->env.random = world_random;
    flow->env.keys = &world_ring;
    flow->env.portal = &w->portal;
    flow->env.address = mfa_lit("192.0.2.33");
    flow->env.net = mfa_str_from(w->net);
    flow->env.agent = mfa_lit("browser");
    flow->env.request = mfa_lit("r-1");
    flow->env.locale = mfa_str_from(w->locale ? w->locale : "");
    flow->env.now = w->store.now;
    flow->env.usec = w->usec++;

    w->asked = 0;
    asks = flow->run(flow, NULL);

    while (asks != MFA_FLOW_DONE) {
        assert_true(w->asked < 20);

        world_answer(w, flow, asks, &result);
        flow->env.now = w->store.now;
        asks = flow->run(flow, &result);
    }

    /* However a flow ends, no connection is given back with a watch on it: a
       driver closes one whose last answer was none. */
    if (result.ok) {
        assert_int_equal(w->store.watched, -1);
    }

    w->retry_after = flow->retry_after;

    return flow->outcome;
}


/* The flow's session is what the browser has from now on. */
static inline void
world_keep(world_t *w, mfa_outcome_e outcome, const mfa_opening_t *opening)
{
    if (outcome == MFA_OUTCOME_DONE) {
        w->token = opening->token;
        w->opened = 1;

        if (opening->trust) {
            w->device = opening->device_token;
            w->trusted = 1;
        }
    }
}


/* --- the flows, as a browser with w->token goes through them; who is there
   comes from the gate, unless the test has it from earlier on (not NULL) --- */

static inline mfa_verdict_e
world_gate(world_t *w, mfa_flow_gate_t *gate, mfa_rule_e rule, int64_t fresh)
{
    mfa_outcome_e  outcome;

    mfa_flow_gate_init(gate);
    gate->token = w->opened ? &w->token : NULL;
    gate->rule = rule;
    gate->fresh_sec = fresh;
    outcome = world_run(w, &gate->flow);

    assert_int_equal(outcome == MFA_OUTCOME_DONE,
                     gate->who.verdict != MFA_VERDICT_UNAVAILABLE);

    if (gate->touch) {
        assert_false(gate->flow.op.failed);
        store_carry_out(&w->store, &gate->flow.op);
    }

    return gate->who.verdict;
}


static inline mfa_verdict_e
world_verdict(world_t *w)
{
    mfa_flow_gate_t  gate;

    return world_gate(w, &gate, MFA_RULE_ACCOUNT, 0);
}


static inline mfa_who_t
world_who(world_t *w)
{
    mfa_flow_gate_t  gate;

    world_gate(w, &gate, MFA_RULE_ACCOUNT, 0);

    return gate.who;
}


static inline mfa_outcome_e
world_login_as(world_t *w, const mfa_who_t *old, mfa_str_t typed,
    mfa_str_t password)
{
    mfa_who_t         there;
    mfa_outcome_e     outcome;
    mfa_flow_login_t  login;

    there = old ? *old : world_who(w);
    mfa_flow_login_init(&login);
    login.typed = typed;
    login.password = password;
    login.old = there;
    login.device = w->trusted ? &w->device : NULL;
    outcome = world_run(w, &login.flow);
    world_keep(w, outcome, &login.opening);

    return outcome;
}


static inline mfa_outcome_e
world_login(world_t *w, const char *typed, const char *password)
{
    return world_login_as(w, NULL, mfa_str_from(typed),
                          mfa_str_from(password));
}


static inline mfa_outcome_e
world_code_as(world_t *w, const mfa_who_t *who, mfa_str_t typed)
{
    mfa_outcome_e    outcome;
    mfa_flow_code_t  code;

    mfa_flow_code_init(&code);
    code.who = who ? *who : world_who(w);
    code.code = typed;
    code.remember = w->remember;

    if (w->trusted) {
        code.device_hash = (mfa_str_t) { w->device.hash, MFA_HASH_CHARS };
    }

    outcome = world_run(w, &code.flow);
    world_keep(w, outcome, &code.opening);

    return outcome;
}


static inline mfa_outcome_e
world_enter(world_t *w, mfa_str_t typed)
{
    return world_code_as(w, NULL, typed);
}


static inline mfa_outcome_e
world_enrol(world_t *w, mfa_flow_enrol_t *enrol, mfa_enrol_e action,
    const mfa_who_t *who, mfa_str_t typed)
{
    mfa_outcome_e  outcome;
    mfa_who_t      now_there;

    now_there = who ? *who : world_who(w);
    mfa_flow_enrol_init(enrol);
    enrol->action = action;
    enrol->who = now_there;
    enrol->code = typed;
    outcome = world_run(w, &enrol->flow);

    if (action == MFA_ENROL_CONFIRM) {
        world_keep(w, outcome, &enrol->opening);
    }

    return outcome;
}


static inline mfa_outcome_e
world_logout(world_t *w)
{
    mfa_who_t          who;
    mfa_flow_logout_t  logout;

    who = world_who(w);
    mfa_flow_logout_init(&logout);
    logout.who = who;

    return world_run(w, &logout.flow);
}


#endif /* MFA_TEST_FLOW_WORLD_H */
