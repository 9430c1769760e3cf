/*
 * The outbox and mail tokens in the store, see store_mail.h.
 */

#include "core/store_mail.h"
#include "core/store_key.h"


static void
field(mfa_op_t *op, const char *name, mfa_str_t value)
{
    if (value.len) {
        mfa_op_word(op, name);
        mfa_op_arg(op, value);
    }
}


/* Without MAXLEN: what nobody has sent yet is not thrown away. */
void
mfa_store_mail_add(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_mail_t *mail)
{
    mfa_op_begin(op, "XADD");
    mfa_key_portal(op, portal, "outbox");
    mfa_op_word(op, "*");

    field(op, "mail", mfa_str_from(mfa_mail_name(mail->kind)));
    field(op, "login", mail->login);
    field(op, "to", mail->to);
    field(op, "name", mail->name);
    field(op, "locale", mail->locale);
    field(op, "address", mail->address);
    field(op, "detail", mail->detail);
    mfa_op_word(op, "generation");
    mfa_op_number(op, mail->generation);
    mfa_op_word(op, "at");
    mfa_op_number(op, mail->at);
}


static void
token_record(mfa_op_t *op, const mfa_mailtoken_t *token, mfa_str_t hash)
{
    size_t  from;

    from = op->bytes.len;
    mfa_mailtoken_encode(&op->bytes, token, hash);

    if (op->bytes.failed) {
        op->failed = 1;
    }

    mfa_op_arg(op, mfa_buf_since(&op->bytes, from));
}


void
mfa_store_mailtoken_write(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_mailtoken_t *token, mfa_str_t hash)
{
    mfa_op_begin(op, "SET");
    mfa_key_pending_token(op, portal, hash);
    token_record(op, token, hash);
    mfa_op_word(op, "EX");
    mfa_op_number(op, MFA_MAILTOKEN_SEC);

    mfa_op_begin(op, "SET");
    mfa_key_newest_token(op, portal, token->login);
    mfa_op_arg(op, hash);
    mfa_op_word(op, "EX");
    mfa_op_number(op, MFA_MAILTOKEN_SEC);
}


mfa_at_t
mfa_store_mailtoken_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t hash)
{
    mfa_op_begin(op, "GET");
    mfa_key_pending_token(op, portal, hash);

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_mailtoken_take(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t hash)
{
    mfa_op_begin(op, "GETDEL");
    mfa_key_pending_token(op, portal, hash);

    return mfa_op_at(op);
}


void
mfa_store_mailtoken_end(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t hash)
{
    mfa_op_begin(op, "UNLINK");
    mfa_key_pending_token(op, portal, hash);
}


/* None but the newest is worth anything. */
void
mfa_store_mailtoken_end_all(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    mfa_op_begin(op, "UNLINK");
    mfa_key_newest_token(op, portal, login);
}


mfa_tri_e
mfa_store_mailtoken_decode(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, const mfa_portal_t *portal, mfa_str_t hash,
    mfa_mailtoken_t *token)
{
    mfa_str_t  record;

    if (mfa_op_str(op, result, at, &record) != 0) {
        return MFA_UNKNOWN;
    }

    return record.len && mfa_mailtoken_decode(token, record, hash) == 0
           && mfa_str_eq(token->portal, portal->name) ? MFA_YES : MFA_NO;
}


mfa_at_t
mfa_store_mailtoken_newest(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    mfa_op_begin(op, "GET");
    mfa_key_newest_token(op, portal, login);

    return mfa_op_at(op);
}
