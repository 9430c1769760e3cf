/*
 * Session cookies and logins.  A cookie value has one spelling: what parses is
 * written back byte for byte.  The input is also taken for a login that was
 * typed: its canonical form stays as it is and survives a token, and no altered
 * token parses to the same session (security 6, 45).
 */

#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "core/token.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static mfa_keyring_t  ring;
static uint8_t        seed;


static int
not_random(uint8_t *buf, size_t len)
{
    memset(buf, seed, len);

    return 0;
}


static void
make_ring(void)
{
    unsigned     line;
    const char  *why;

    assert(mfa_keyring_parse(&ring,
               mfa_lit("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"),
               &line, &why) == 0);
}


static mfa_str_t
guess_of(const mfa_session_token_t *token)
{
    mfa_str_t  s = { token->login, token->login_len };

    return s;
}


static void
what_parses_has_one_spelling(mfa_str_t value)
{
    uint8_t              text[MFA_SESSION_COOKIE_MAX], hash[MFA_HASH_CHARS];
    mfa_buf_t            b;
    mfa_session_token_t  token;

    if (mfa_session_token_parse(&token, &ring, value) != 0) {
        return;
    }

    mfa_buf_init(&b, hash, sizeof(hash));
    assert(mfa_token_hash(token.id, sizeof(token.id), &b) == 0);
    assert(memcmp(hash, token.hash, sizeof(hash)) == 0);

    if (token.login_len == 0) {
        return;
    }

    assert(mfa_login_check(guess_of(&token)));

    mfa_buf_init(&b, text, sizeof(text));
    assert(mfa_session_token_encode(&token, &ring, &b) == 0);
    assert(mfa_str_eq(mfa_buf_since(&b, 0), value));
}


static void
altered_tokens_are_others(mfa_buf_t *text, const mfa_session_token_t *token,
    size_t at, uint8_t change)
{
    mfa_session_token_t  other;

    text->data[at % text->len] ^= change;

    if (mfa_session_token_parse(&other, &ring, mfa_buf_since(text, 0)) == 0) {
        assert(memcmp(other.id, token->id, sizeof(other.id)) != 0
               || !mfa_str_eq(guess_of(&other), guess_of(token)));
    }
}


static void
logins_survive_a_token(mfa_str_t typed)
{
    uint8_t              once[MFA_LOGIN_MAX], twice[MFA_LOGIN_MAX];
    uint8_t              text[MFA_SESSION_COOKIE_MAX];
    mfa_buf_t            a, b;
    mfa_str_t            login;
    mfa_session_token_t  made, read;

    mfa_buf_init(&a, once, sizeof(once));
    mfa_buf_init(&b, twice, sizeof(twice));

    if (mfa_login_canonical(typed, &a) != 0) {
        assert(a.len == 0 && !mfa_login_check(typed));
        return;
    }

    login = mfa_buf_since(&a, 0);
    assert(mfa_login_check(login));
    assert(mfa_login_canonical(login, &b) == 0);
    assert(mfa_str_eq(mfa_buf_since(&b, 0), login));

    assert(mfa_session_token_make(&made, not_random, login) == 0);
    mfa_buf_init(&b, text, sizeof(text));
    assert(mfa_session_token_encode(&made, &ring, &b) == 0);
    assert(mfa_session_token_parse(&read, &ring, mfa_buf_since(&b, 0)) == 0);
    assert(memcmp(read.id, made.id, sizeof(made.id)) == 0);
    assert(memcmp(read.hash, made.hash, sizeof(made.hash)) == 0);
    assert(mfa_str_eq(guess_of(&read), login));

    altered_tokens_are_others(&b, &made, typed.len * 7 + seed,
                              (uint8_t) (seed | 1));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mfa_str_t  s = { data, size };

    if (ring.n == 0) {
        make_ring();
    }

    seed = size != 0 ? data[size - 1] : 0;

    what_parses_has_one_spelling(s);
    logins_survive_a_token(s);

    return 0;
}
