/*
 * Session tokens and canonical logins.  The gate parses a token on every
 * request, so this part is light: two SHA-256 of short inputs, no state shared
 * between threads.
 *
 * Proves nothing about a session: that is the record's business, found under
 * the hash.  Does not read the Cookie header either, see cookie.c.
 *
 * The id is the secret of a session: a token that could not be made or read is
 * wiped, one that could is wiped by its owner.
 */

#include "core/token.h"

#include <string.h>

#include <openssl/evp.h>


#define BLOCK_BYTES  32                     /* of mask, one SHA-256 */

/* Of the mask key, as many bytes as leave SHA-256 one block of work: 22 + 32 for
   the id + 1; 176 bits are plenty. */
#define MASK_KEY_BYTES  22


static int hash_id(mfa_session_token_t *token);
static int mask(uint8_t *data, size_t len, const mfa_keyring_t *ring,
    const uint8_t *id);
static int parse(mfa_session_token_t *token, const mfa_keyring_t *ring,
    mfa_str_t value);
static int is_blank(uint8_t c);


/*
 * SHA-256 with an algorithm and a context fetched once for each thread: looking
 * them up costs more than hashing a token does.  They live as long as it.
 */
static int
sha256(const uint8_t *data, size_t len, uint8_t *hash)
{
    static _Thread_local EVP_MD      *md;
    static _Thread_local EVP_MD_CTX  *ctx;

    if (md == NULL) {
        md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    }

    if (ctx == NULL) {
        ctx = EVP_MD_CTX_new();
    }

    if (md == NULL || ctx == NULL
        || EVP_DigestInit_ex2(ctx, md, NULL) != 1
        || EVP_DigestUpdate(ctx, data, len) != 1
        || EVP_DigestFinal_ex(ctx, hash, NULL) != 1)
    {
        return -1;
    }

    return 0;
}


int
mfa_token_hash(const uint8_t *data, size_t len, mfa_buf_t *out)
{
    uint8_t  hash[EVP_MAX_MD_SIZE];

    if (sha256(data, len, hash) != 0) {
        return -1;
    }

    mfa_base64url_encode(out, hash, MFA_HASH_BYTES);

    return out->failed ? -1 : 0;
}


int
mfa_random_token_make(mfa_random_fn random, mfa_buf_t *text, uint8_t *hash)
{
    int        rc;
    uint8_t    id[MFA_TOKEN_BYTES];
    mfa_buf_t  hashed;

    rc = -1;
    mfa_buf_init(&hashed, hash, MFA_HASH_CHARS);

    if (random(id, sizeof(id)) == 0
        && mfa_token_hash(id, sizeof(id), &hashed) == 0)
    {
        mfa_base64url_encode(text, id, sizeof(id));
        rc = text->failed || hashed.failed || hashed.len != MFA_HASH_CHARS
             ? -1 : 0;
    }

    mfa_wipe(id, sizeof(id));

    return rc;
}


int
mfa_random_token_hash(mfa_str_t text, uint8_t *hash)
{
    int        rc;
    uint8_t    id[MFA_TOKEN_BYTES];
    mfa_buf_t  out, hashed;

    if (text.len != MFA_TOKEN_CHARS) {
        return -1;
    }

    mfa_buf_init(&out, id, sizeof(id));
    mfa_buf_init(&hashed, hash, MFA_HASH_CHARS);

    rc = mfa_base64url_decode(&out, text) == 0 && out.len == sizeof(id)
         && mfa_token_hash(id, sizeof(id), &hashed) == 0
         && hashed.len == MFA_HASH_CHARS ? 0 : -1;

    mfa_wipe(id, sizeof(id));

    return rc;
}


int
mfa_session_token_make(mfa_session_token_t *token, mfa_random_fn fill,
    mfa_str_t login)
{
    memset(token, 0, sizeof(*token));

    if (login.len == 0 || login.len > MFA_LOGIN_MAX) {
        return -1;
    }

    if (fill(token->id, sizeof(token->id)) != 0 || hash_id(token) != 0) {
        mfa_wipe(token, sizeof(*token));
        return -1;
    }

    memcpy(token->login, login.data, login.len);
    token->login_len = login.len;

    return 0;
}


int
mfa_session_token_encode(const mfa_session_token_t *token,
    const mfa_keyring_t *ring, mfa_buf_t *out)
{
    size_t   need;
    uint8_t  masked[MFA_LOGIN_MAX];

    if (token->login_len == 0 || token->login_len > MFA_LOGIN_MAX) {
        return -1;
    }

    need = MFA_TOKEN_CHARS + 1 + MFA_BASE64URL_LEN(token->login_len);

    if (out->failed || need > out->cap - out->len) {
        return -1;
    }

    memcpy(masked, token->login, token->login_len);

    if (mask(masked, token->login_len, ring, token->id) != 0) {
        return -1;
    }

    mfa_base64url_encode(out, token->id, sizeof(token->id));
    mfa_buf_byte(out, '.');
    mfa_base64url_encode(out, masked, token->login_len);

    return 0;
}


int
mfa_session_token_parse(mfa_session_token_t *token, const mfa_keyring_t *ring,
    mfa_str_t value)
{
    mfa_str_t  guess;

    if (parse(token, ring, value) != 0) {
        mfa_wipe(token, sizeof(*token));
        return -1;
    }

    guess.data = token->login;
    guess.len = token->login_len;

    if (!mfa_login_check(guess)) {
        mfa_wipe(token->login, sizeof(token->login));
        token->login_len = 0;
    }

    return 0;
}


/* The form is judged before anything is hashed: nonsense shall cost nothing. */

static int
parse(mfa_session_token_t *token, const mfa_keyring_t *ring, mfa_str_t value)
{
    mfa_buf_t  id, login;
    mfa_str_t  head, rest;

    if (value.len <= MFA_TOKEN_CHARS + 1 || value.len > MFA_SESSION_COOKIE_MAX
        || value.data[MFA_TOKEN_CHARS] != '.')
    {
        return -1;
    }

    head.data = value.data;
    head.len = MFA_TOKEN_CHARS;
    rest.data = value.data + MFA_TOKEN_CHARS + 1;
    rest.len = value.len - MFA_TOKEN_CHARS - 1;

    mfa_buf_init(&id, token->id, sizeof(token->id));
    mfa_buf_init(&login, token->login, sizeof(token->login));

    if (mfa_base64url_decode(&id, head) != 0
        || mfa_base64url_decode(&login, rest) != 0)
    {
        return -1;
    }

    token->login_len = login.len;

    if (hash_id(token) != 0) {
        return -1;
    }

    return mask(token->login, token->login_len, ring, token->id);
}


static int
hash_id(mfa_session_token_t *token)
{
    mfa_buf_t  b;

    mfa_buf_init(&b, token->hash, sizeof(token->hash));

    return mfa_token_hash(token->id, sizeof(token->id), &b);
}


/*
 * Lays the mask over data, or takes it off again.  The id is fresh for every
 * session, so no stretch of mask is ever used for two logins.
 */

static int
mask(uint8_t *data, size_t len, const mfa_keyring_t *ring, const uint8_t *id)
{
    int      rc;
    size_t   i;
    uint8_t  in[MASK_KEY_BYTES + MFA_TOKEN_BYTES + 1], block[BLOCK_BYTES];

    if (ring->n == 0) {
        return -1;
    }

    memcpy(in, ring->keys[0].mask, MASK_KEY_BYTES);
    memcpy(in + MASK_KEY_BYTES, id, MFA_TOKEN_BYTES);
    rc = 0;

    for (i = 0; i < len; i++) {
        if (i % BLOCK_BYTES == 0) {
            in[sizeof(in) - 1] = (uint8_t) (i / BLOCK_BYTES);

            if (sha256(in, sizeof(in), block) != 0) {
                rc = -1;
                break;
            }
        }

        data[i] ^= block[i % BLOCK_BYTES];
    }

    mfa_wipe(in, sizeof(in));
    mfa_wipe(block, sizeof(block));

    return rc;
}


int
mfa_login_canonical(mfa_str_t typed, mfa_buf_t *out)
{
    size_t     i;
    uint8_t    c, login[MFA_LOGIN_MAX];
    mfa_str_t  made;

    while (typed.len && is_blank(typed.data[0])) {
        typed.data++;
        typed.len--;
    }

    while (typed.len && is_blank(typed.data[typed.len - 1])) {
        typed.len--;
    }

    if (typed.len > MFA_LOGIN_MAX) {
        return -1;
    }

    for (i = 0; i < typed.len; i++) {
        c = typed.data[i];
        login[i] = c >= 'A' && c <= 'Z' ? (uint8_t) (c | 0x20) : c;
    }

    made.data = login;
    made.len = typed.len;

    if (!mfa_login_check(made) || out->failed
        || made.len > out->cap - out->len)
    {
        return -1;
    }

    mfa_buf_str(out, made);

    return 0;
}


static int
is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}


int
mfa_login_check(mfa_str_t s)
{
    size_t   i;
    uint8_t  c;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.'
              || c == '_' || c == '@' || c == '+' || c == '-'))
        {
            return 0;
        }
    }

    /* A path with one of these leads elsewhere: nobody could be seen to. */
    return s.len > 0 && s.len <= MFA_LOGIN_MAX && !mfa_str_is(s, ".")
           && !mfa_str_is(s, "..");
}
