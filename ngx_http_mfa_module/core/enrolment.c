/*
 * Secrets on their way, see enrolment.h.
 */

#include "core/enrolment.h"


static const char *const  kinds[MFA_ENROLMENT_N] = {
    [MFA_ENROLMENT_NONE]    = "",
    [MFA_ENROLMENT_FIRST]   = "pending",
    [MFA_ENROLMENT_REPLACE] = "replace",
    [MFA_ENROLMENT_RESET]   = "reset"
};


int
mfa_enrolment_make(const mfa_flow_t *flow, mfa_enrolment_e kind,
    mfa_str_t login, mfa_buf_t *out)
{
    int        rc;
    size_t     from;
    uint8_t    id[8], secret[MFA_TOTP_SECRET_BYTES];
    mfa_str_t  secret_id;

    if (flow->env.random(id, sizeof(id)) != 0
        || flow->env.random(secret, sizeof(secret)) != 0)
    {
        return -1;
    }

    mfa_buf_cstr(out, kinds[kind]);
    mfa_buf_byte(out, '.');

    from = out->len;
    mfa_base64url_encode(out, id, sizeof(id));
    secret_id = mfa_buf_since(out, from);
    mfa_buf_byte(out, '.');

    rc = mfa_secret_seal(flow, kinds[kind], login, secret_id, secret, out);
    mfa_wipe(secret, sizeof(secret));

    return rc != 0 || out->failed ? -1 : 0;
}


mfa_enrolment_e
mfa_enrolment_open(const mfa_flow_t *flow, mfa_str_t login, mfa_str_t text,
    mfa_str_t *secret_id, uint8_t *secret)
{
    int        kind;
    mfa_str_t  name, sealed;

    mfa_str_cut(text, '.', &name, &text);
    mfa_str_cut(text, '.', secret_id, &sealed);

    for (kind = MFA_ENROLMENT_FIRST; kind < MFA_ENROLMENT_N; kind++) {
        if (mfa_str_is(name, kinds[kind])) {
            break;
        }
    }

    return kind < MFA_ENROLMENT_N && secret_id->len == MFA_SECRET_ID_CHARS
           && mfa_secret_open(flow, kinds[kind], login, *secret_id, sealed,
                              secret) == 0
           ? (mfa_enrolment_e) kind : MFA_ENROLMENT_NONE;
}
