/*
 * Session records.  The hash they are asked for is made of the input, too, so
 * that records get past that check.  What is read is sound and is written back
 * byte for byte, whatever is refused leaves no session behind, and texts of any
 * bytes as address and agent make a record that is read (security 30).
 */

#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "core/reply.h"
#include "core/session.h"

#define MARK  6


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
is_sound(const mfa_session_t *s)
{
    size_t   i;
    int64_t  n[] = { s->generation, s->created, s->expires, s->seen,
                     s->password_at, s->code_at };

    assert(s->level == MFA_LEVEL_PASSWORD || s->level == MFA_LEVEL_MFA);
    assert(s->portal.len > 0 && mfa_login_check(s->login));
    assert(s->later == 0 || s->later == 1);

    for (i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
        assert(n[i] >= 0 && n[i] <= MFA_NUMBER_MAX);
    }
}


static void
what_is_read_is_written_back(mfa_str_t record, mfa_str_t hash)
{
    uint8_t        room[MFA_SESSION_RECORD_MAX];
    mfa_buf_t      b;
    mfa_session_t  session, zero;

    memset(&zero, 0, sizeof(zero));

    if (mfa_session_decode(&session, record, hash) != 0) {
        assert(memcmp(&session, &zero, sizeof(zero)) == 0);
        return;
    }

    is_sound(&session);
    mfa_buf_init(&b, room, sizeof(room));
    mfa_session_encode(&b, &session, hash);
    assert(!b.failed);
    assert(mfa_str_eq(mfa_buf_since(&b, 0), record));
}


static void
what_a_client_says_makes_a_record(mfa_str_t text, mfa_str_t hash)
{
    uint8_t        room[MFA_SESSION_RECORD_MAX], shown[MFA_ADDRESS_MAX];
    mfa_buf_t      b;
    mfa_session_t  session;

    memset(&session, 0, sizeof(session));
    session.portal = mfa_lit("p");
    session.login = mfa_lit("l");
    session.level = MFA_LEVEL_PASSWORD;
    session.address = mfa_address_of(text);
    session.agent = mfa_agent_of(text);

    mfa_buf_init(&b, shown, sizeof(shown));
    mfa_address_write(&b, &session.address);
    assert(!b.failed);
    assert(session.address.kind == MFA_ADDRESS_TEXT
           || mfa_str_eq(mfa_buf_since(&b, 0), text));

    mfa_buf_init(&b, room, sizeof(room));
    mfa_session_encode(&b, &session, hash);
    assert(!b.failed);
    what_is_read_is_written_back(mfa_buf_since(&b, 0), hash);
    assert(mfa_session_decode(&session, mfa_buf_since(&b, 0), hash) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t    mark[MARK] = { 0 }, text[MFA_HASH_CHARS];
    mfa_buf_t  b;
    mfa_str_t  input = { data, size }, hash = { text, sizeof(text) };

    if (size >= 2 + MARK) {
        memcpy(mark, data + 2, MARK);
    }

    memset(text, 'A', sizeof(text));
    mfa_buf_init(&b, text, sizeof(text));
    mfa_base64url_encode(&b, mark, MARK);

    what_is_read_is_written_back(input, hash);
    what_a_client_says_makes_a_record(input, hash);

    return 0;
}
