/*
 * Flow rehash, see flow_rehash.h.
 */

#include "core/flow_rehash.h"
#include "core/password.h"

#include <string.h>


enum { START, MADE };


/* Flow admin takes over. */
static mfa_flow_e
go_on(mfa_flow_rehash_t *rehash)
{
    mfa_flow_admin_t  *admin;

    admin = &rehash->admin;
    admin->flow.run = rehash->change;
    admin->flow.step = START;

    return admin->flow.run(&admin->flow, NULL);
}


static mfa_flow_e
made(mfa_flow_rehash_t *rehash, const mfa_result_t *result)
{
    mfa_buf_t          out;
    mfa_flow_admin_t  *admin;

    admin = &rehash->admin;

    mfa_buf_init(&out, rehash->room, sizeof(rehash->room));
    mfa_buf_str(&out, result->text);

    if (result->hash == MFA_UNKNOWN) {
        return mfa_flow_end(&admin->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    if (result->hash != MFA_YES || out.failed
        || !mfa_password_preferred(result->text))
    {
        return mfa_flow_end(&admin->flow, MFA_OUTCOME_REFUSED);
    }

    admin->password = mfa_buf_since(&out, 0);

    return go_on(rehash);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_rehash_t  *rehash;

    rehash = (mfa_flow_rehash_t *) flow;

    if (flow->step == MADE) {
        return made(rehash, result);
    }

    if (rehash->admin.invite) {
        return go_on(rehash);
    }

    flow->hash.make = 1;
    flow->hash.password = rehash->password;
    flow->step = MADE;

    return MFA_FLOW_HASH;
}


void
mfa_flow_rehash_init(mfa_flow_rehash_t *rehash)
{
    memset(rehash, 0, sizeof(mfa_flow_rehash_t));
    mfa_flow_admin_init(&rehash->admin);

    rehash->admin.action = MFA_ADMIN_REHASH;
    rehash->change = rehash->admin.flow.run;
    rehash->admin.flow.run = run;
}
