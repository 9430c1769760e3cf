/*
 * What the tests of flow admin start from: a portal, an account in a scripted
 * store, a flow with its caller's part filled in.
 */

#ifndef MFA_TEST_ADMIN_STAGE_H
#define MFA_TEST_ADMIN_STAGE_H

#include "core/flow_admin.h"
#include "store_script.h"

#define NOW        1000000
#define STEPS_MAX  32

#define HASH  "$y$j9T$aaaaaaaaaaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static mfa_portal_t      portal;
static script_t          script;
static mfa_flow_admin_t  admin;


static inline int
some_bytes(uint8_t *buf, size_t len)
{
    memset(buf, 0xff, len);

    return 0;
}


static inline int
set_up(void **state)
{
    (void) state;
    memset(&script, 0, sizeof(script));

    return mfa_portal_init(&portal, mfa_lit("user"));
}


static inline void
account_of(const char *created, const char *required, const char *deadline)
{
    memset(script.account, 0, sizeof(script.account));
    script.account[MFA_ACCOUNT_CREATED] = created;
    script.account[MFA_ACCOUNT_GENERATION] = "7";
    script.account[MFA_ACCOUNT_VERSION] = "3";
    script.account[MFA_ACCOUNT_REQUIRED] = required;
    script.account[MFA_ACCOUNT_DEADLINE] = deadline;
}


static inline void
enrolled_account(void)
{
    account_of("500", "1", "900");
    script.account[MFA_ACCOUNT_ENROLLED] = "600";
    script.account[MFA_ACCOUNT_SECRET_ID] = "AAAAAAAAAAA";
    script.account[MFA_ACCOUNT_SECRET] = "1.k1.AAAA";
    script.account[MFA_ACCOUNT_VALIDATED] = "AAAAAAAAAAA";
}


static inline void
begin(mfa_admin_e action)
{
    script.ranges = 0;
    mfa_flow_admin_init(&admin);
    admin.action = action;
    admin.login = mfa_lit("alice");
    admin.actor = mfa_lit("root");
    admin.flow.env.now = NOW;
    admin.flow.env.random = some_bytes;
    admin.flow.env.portal = &portal;
}

#endif /* MFA_TEST_ADMIN_STAGE_H */
