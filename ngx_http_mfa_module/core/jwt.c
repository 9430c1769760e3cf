/*
 * Signed assertions, see jwt.h.
 *
 * The JSON is put together by hand: a fixed list of members, and of their values
 * only '"' and '\' need escaping, since everything else RFC 8259 section 7
 * forbids inside a string is no printable UTF-8 and refused before.
 */

#include "core/jwt.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "core/base64.h"


#define COORDINATE_BYTES  32                /* of a point on P-256, and of r, s */
#define DER_MAX           80                /* an ECDSA signature on P-256: 72 */
#define THUMB_MAX         512               /* a key as RFC 7638 spells it */


/* A key with a passphrase is refused: OpenSSL would ask for it on the terminal. */
static int
no_passphrase(char *buf, int size, int writing, void *data)
{
    (void) buf;
    (void) size;
    (void) writing;
    (void) data;

    return -1;
}


/* The thumbprint (RFC 7638 section 3) names a key by itself alone; anybody who
   has the key can reckon it. */
static int
name_key(mfa_jwt_key_t *key, const mfa_buf_t *members)
{
    uint8_t    hash[EVP_MAX_MD_SIZE];
    mfa_buf_t  id;

    mfa_buf_init(&id, key->id, sizeof(key->id));

    if (members->failed
        || EVP_Digest(members->data, members->len, hash, NULL, EVP_sha256(),
                      NULL) != 1)
    {
        return -1;
    }

    mfa_base64url_encode(&id, hash, 32);

    return id.failed ? -1 : 0;
}


/* The header is the same for every assertion of a key. */
static int
make_header(mfa_jwt_key_t *key)
{
    uint8_t    room[MFA_JWT_HEADER_MAX];
    mfa_buf_t  text, out;

    mfa_buf_init(&text, room, sizeof(room));
    mfa_buf_cstr(&text, "{\"alg\":\"");
    mfa_buf_cstr(&text, key->alg == MFA_JWT_ES256 ? "ES256" : "HS256");
    mfa_buf_cstr(&text, "\",\"typ\":\"JWT\",\"kid\":\"");
    mfa_buf_add(&text, key->id, sizeof(key->id));
    mfa_buf_cstr(&text, "\"}");

    mfa_buf_init(&out, key->header, sizeof(key->header));
    mfa_base64url_encode(&out, text.data, text.len);
    key->header_len = out.len;

    return text.failed || out.failed ? -1 : 0;
}


/* A coordinate of the public point, as RFC 7518 section 6.2.1 wants it. */
static int
add_coordinate(mfa_buf_t *out, const EVP_PKEY *pkey, const char *name)
{
    int      ok;
    BIGNUM  *n = NULL;
    uint8_t  bytes[COORDINATE_BYTES];

    ok = EVP_PKEY_get_bn_param(pkey, name, &n) == 1
         && BN_bn2binpad(n, bytes, sizeof(bytes)) == sizeof(bytes);
    BN_free(n);

    if (ok) {
        mfa_base64url_encode(out, bytes, sizeof(bytes));
    }

    return ok ? 0 : -1;
}


static int
is_p256(const EVP_PKEY *pkey)
{
    size_t  len;
    char    group[32];

    return EVP_PKEY_is_a(pkey, "EC")
           && EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) == 1
           && mfa_str_is((mfa_str_t) { (const uint8_t *) group, len },
                         "prime256v1");
}


/* A public half that does not belong to the private one signs what nobody can
   verify: better known now than from the application's users. */
static int
is_pair(EVP_PKEY *pkey)
{
    int            ok;
    EVP_PKEY_CTX  *ctx;

    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    ok = ctx != NULL && EVP_PKEY_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);

    return ok;
}


static int
parse_pem(mfa_jwt_key_t *key, mfa_str_t text, const char **why)
{
    BIO       *bio;
    uint8_t    room[THUMB_MAX];
    EVP_PKEY  *pkey;
    mfa_buf_t  members;

    bio = BIO_new_mem_buf(text.data, (int) text.len);
    pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);

    if (pkey == NULL) {
        *why = "no private key in PEM, or one with a passphrase";
        return -1;
    }

    key->pkey = pkey;

    if (!is_p256(pkey)) {
        *why = "the private key is not one on P-256 (prime256v1)";
        return -1;
    }

    if (!is_pair(pkey)) {
        *why = "the private key does not fit its public one";
        return -1;
    }

    mfa_buf_init(&members, room, sizeof(room));
    mfa_buf_cstr(&members, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");

    if (add_coordinate(&members, pkey, OSSL_PKEY_PARAM_EC_PUB_X) != 0) {
        *why = "the public key cannot be read";
        return -1;
    }

    mfa_buf_cstr(&members, "\",\"y\":\"");

    if (add_coordinate(&members, pkey, OSSL_PKEY_PARAM_EC_PUB_Y) != 0) {
        *why = "the public key cannot be read";
        return -1;
    }

    mfa_buf_cstr(&members, "\"}");
    key->alg = MFA_JWT_ES256;

    if (name_key(key, &members) != 0) {
        *why = "the key cannot be hashed";
        return -1;
    }

    return 0;
}


static int
parse_secret(mfa_jwt_key_t *key, mfa_str_t text, const char **why)
{
    int        rc;
    uint8_t    room[THUMB_MAX];
    mfa_buf_t  secret, members;

    while (text.len != 0 && (text.data[text.len - 1] == '\n'
                             || text.data[text.len - 1] == '\r'))
    {
        text.len--;
    }

    mfa_buf_init(&secret, key->secret, sizeof(key->secret));

    if (mfa_base64_decode(&secret, text) != 0) {
        *why = "neither a private key in PEM nor the base64 of 32 to 256 bytes";
        return -1;
    }

    if (secret.len < MFA_JWT_SECRET_MIN) {
        *why = "the secret is shorter than 32 bytes";
        return -1;
    }

    key->secret_len = secret.len;
    key->alg = MFA_JWT_HS256;

    mfa_buf_init(&members, room, sizeof(room));
    mfa_buf_cstr(&members, "{\"k\":\"");
    mfa_base64url_encode(&members, secret.data, secret.len);
    mfa_buf_cstr(&members, "\",\"kty\":\"oct\"}");

    rc = name_key(key, &members);
    mfa_wipe(room, sizeof(room));

    if (rc != 0) {
        *why = "the key cannot be hashed";
    }

    return rc;
}


int
mfa_jwt_key_parse(mfa_jwt_key_t *key, mfa_str_t text, const char **why)
{
    memset(key, 0, sizeof(*key));
    *why = "the file is too large";

    if (text.len < INT32_MAX
        && (mfa_str_begins(text, "-----BEGIN ")
            ? parse_pem(key, text, why) : parse_secret(key, text, why)) == 0)
    {
        if (make_header(key) == 0) {
            return 0;
        }

        *why = "the key cannot be named";
    }

    mfa_jwt_key_free(key);

    /* What is left in this queue, nginx takes for an error of a connection. */
    ERR_clear_error();

    return -1;
}


void
mfa_jwt_key_free(mfa_jwt_key_t *key)
{
    EVP_PKEY_free(key->pkey);
    mfa_wipe(key, sizeof(*key));
}


int
mfa_jwt_from_der(uint8_t out[64], const uint8_t *der, size_t len)
{
    int             ok;
    ECDSA_SIG      *sig;
    const uint8_t  *p = der;

    sig = len <= DER_MAX ? d2i_ECDSA_SIG(NULL, &p, (long) len) : NULL;

    ok = sig != NULL && p == der + len
         && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, COORDINATE_BYTES)
            == COORDINATE_BYTES
         && BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + COORDINATE_BYTES,
                         COORDINATE_BYTES) == COORDINATE_BYTES;

    ECDSA_SIG_free(sig);

    return ok ? 0 : -1;
}


static int
sign_ecdsa(uint8_t out[64], void *pkey, mfa_str_t text)
{
    int          ok;
    size_t       len;
    uint8_t      der[DER_MAX];
    EVP_MD_CTX  *ctx;

    len = sizeof(der);
    ctx = EVP_MD_CTX_new();

    ok = ctx != NULL
         && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1
         && EVP_DigestSign(ctx, der, &len, text.data, text.len) == 1;

    EVP_MD_CTX_free(ctx);

    return ok ? mfa_jwt_from_der(out, der, len) : -1;
}


int
mfa_jwt_sign(mfa_buf_t *out, const mfa_jwt_key_t *key, mfa_str_t text)
{
    size_t   len;
    uint8_t  signature[MFA_JWT_SIGNATURE_MAX];

    switch (key->alg) {
    case MFA_JWT_ES256:
        len = 2 * COORDINATE_BYTES;

        if (sign_ecdsa(signature, key->pkey, text) != 0) {
            return -1;
        }

        break;

    case MFA_JWT_HS256:
        if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key->secret,
                      key->secret_len, text.data, text.len, signature,
                      sizeof(signature), &len) == NULL)
        {
            return -1;
        }

        break;

    default:
        return -1;
    }

    mfa_buf_add(out, signature, len);

    return out->failed ? -1 : 0;
}


/* "name":"value" behind what is there. */
static void
add_text(mfa_buf_t *out, const char *name, mfa_str_t value)
{
    size_t  i;

    mfa_buf_cstr(out, out->len > 1 ? ",\"" : "\"");
    mfa_buf_cstr(out, name);
    mfa_buf_cstr(out, "\":\"");

    for (i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\') {
            mfa_buf_byte(out, '\\');
        }

        mfa_buf_byte(out, value.data[i]);
    }

    mfa_buf_byte(out, '"');
}


static void
add_number(mfa_buf_t *out, const char *name, int64_t value)
{
    mfa_buf_cstr(out, ",\"");
    mfa_buf_cstr(out, name);
    mfa_buf_cstr(out, "\":");
    mfa_buf_int(out, value);
}


/* 0, or -1 for what cannot be stated. */
static int
add_claims(mfa_buf_t *out, const mfa_jwt_claims_t *claims)
{
    size_t     i;
    uint8_t    id[MFA_BASE64URL_LEN(MFA_JWT_ID_BYTES)];
    mfa_buf_t  jti;

    const struct {
        const char  *name;
        mfa_str_t    value;
        int          may_be_empty;
    } texts[] = {
        { "iss",    claims->issuer,   0 },
        { "aud",    claims->audience, 0 },
        { "sub",    claims->login,    0 },
        { "portal", claims->portal,   0 },
        { "role",   claims->role,     1 },
        { "level",  claims->level,    0 },
    };

    mfa_buf_byte(out, '{');

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!mfa_str_printable(texts[i].value)
            || (texts[i].value.len == 0 && !texts[i].may_be_empty))
        {
            return -1;
        }

        add_text(out, texts[i].name, texts[i].value);
    }

    add_number(out, "iat", claims->now);
    add_number(out, "exp", claims->now + MFA_JWT_LIFE_SEC);

    mfa_buf_init(&jti, id, sizeof(id));
    mfa_base64url_encode(&jti, claims->id, MFA_JWT_ID_BYTES);
    add_text(out, "jti", mfa_buf_since(&jti, 0));
    mfa_buf_byte(out, '}');

    return out->failed || jti.failed ? -1 : 0;
}


int
mfa_jwt_make(mfa_buf_t *out, const mfa_jwt_key_t *key,
    const mfa_jwt_claims_t *claims)
{
    size_t     start;
    uint8_t    room[MFA_JWT_CLAIMS_MAX], raw[MFA_JWT_SIGNATURE_MAX];
    mfa_buf_t  text, signature;

    mfa_buf_init(&text, room, sizeof(room));
    mfa_buf_init(&signature, raw, sizeof(raw));

    if (key->alg == MFA_JWT_NONE || add_claims(&text, claims) != 0) {
        return -1;
    }

    start = out->len;
    mfa_buf_add(out, key->header, key->header_len);
    mfa_buf_byte(out, '.');
    mfa_base64url_encode(out, text.data, text.len);

    if (out->failed
        || mfa_jwt_sign(&signature, key, mfa_buf_since(out, start)) != 0)
    {
        ERR_clear_error();
        out->len = start;
        return -1;
    }

    mfa_buf_byte(out, '.');
    mfa_base64url_encode(out, raw, signature.len);

    return out->failed ? -1 : 0;
}
