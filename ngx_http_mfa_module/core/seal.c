/*
 * Key ring, sealed texts and form tokens.  The two shells read the ring file
 * and hold the ring; flows seal and open TOTP secrets with it; pages and the
 * login flow make and check form tokens; token.c takes the mask key.
 *
 * The ring's own key never leaves the parser: what is kept are keys derived
 * from it, one a purpose, so that a weakness of one use tells nothing about
 * another.  Secrets on the stack are wiped on every way out.  Opening a sealed
 * text answers the same whatever was wrong with it.
 */

#include "core/seal.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "core/base64.h"


#define FORMAT     "1"
#define IV_BYTES   12                       /* SP 800-38D: 96 bits */
#define TAG_BYTES  16                       /* the full tag, never shorter */
#define RAW_MAX    (IV_BYTES + TAG_BYTES + MFA_SEAL_PLAIN_MAX)

/* One text per purpose; to change one is to change the key it stands for. */
#define INFO_SEAL  "mfa 1 seal"
#define INFO_FORM  "mfa 1 form"
#define INFO_MASK  "mfa 1 mask"
#define INFO_RECOVERY  "mfa 1 recovery"


static const char *parse_line(mfa_keyring_t *ring, mfa_str_t line);
static int key_id_check(mfa_str_t id);
static const mfa_key_t *find_key(const mfa_keyring_t *ring, mfa_str_t id);
static int derive_all(mfa_key_t *key, const uint8_t *raw);
static int derive(uint8_t *out, const uint8_t *raw, const char *info);
static int encrypt(const mfa_key_t *key, const mfa_seal_bind_t *bind,
    mfa_str_t plain, uint8_t *raw);
static int decrypt(const mfa_key_t *key, const mfa_seal_bind_t *bind,
    mfa_str_t raw, uint8_t *plain);
static int associate(EVP_CIPHER_CTX *ctx, const mfa_key_t *key,
    const mfa_seal_bind_t *bind);
static int form_mac(const mfa_key_t *key, const char *kind, mfa_str_t secret,
    uint8_t *mac);


int
mfa_keyring_parse(mfa_keyring_t *ring, mfa_str_t text, unsigned *line,
    const char **why)
{
    mfa_str_t  rest, s;

    memset(ring, 0, sizeof(*ring));
    rest = text;
    *why = NULL;

    for (*line = 1; rest.len; (*line)++) {
        mfa_str_cut(rest, '\n', &s, &rest);

        *why = parse_line(ring, s);

        if (*why != NULL) {
            goto refused;
        }
    }

    if (ring->n == 0) {
        *line = 0;
        *why = "there is no key in the key ring";
        goto refused;
    }

    return 0;

refused:

    mfa_wipe(ring, sizeof(*ring));

    return -1;
}


/* NULL, or what is wrong with the line. */

static const char *
parse_line(mfa_keyring_t *ring, mfa_str_t line)
{
    size_t       i;
    uint8_t      raw[MFA_KEY_BYTES];
    mfa_buf_t    b;
    mfa_key_t   *key;
    mfa_str_t    id, text;
    const char  *why;

    if (line.len && line.data[line.len - 1] == '\r') {
        line.len--;
    }

    for (i = 0; i < line.len; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t') {
            break;
        }
    }

    if (i == line.len || line.data[0] == '#') {
        return NULL;
    }

    if (!mfa_str_cut(line, ':', &id, &text)) {
        return "a line is not of the form id:key";
    }

    if (!key_id_check(id)) {
        return "a key id is not 1 to 16 characters of A-Z a-z 0-9 _ -";
    }

    if (find_key(ring, id) != NULL) {
        return "a key id is used twice";
    }

    if (ring->n == MFA_KEYRING_MAX) {
        return "there are more than 16 keys";
    }

    why = NULL;
    mfa_buf_init(&b, raw, sizeof(raw));
    key = &ring->keys[ring->n];

    if (mfa_base64_decode(&b, text) != 0 || b.len != MFA_KEY_BYTES) {
        why = "a key is not 32 bytes in base64";

    } else if (derive_all(key, raw) != 0) {
        why = "OpenSSL could not derive keys";

    } else {
        memcpy(key->id, id.data, id.len);
        key->id_len = id.len;
        ring->n++;
    }

    mfa_wipe(raw, sizeof(raw));

    return why;
}


static int
key_id_check(mfa_str_t id)
{
    size_t   i;
    uint8_t  c;

    for (i = 0; i < id.len; i++) {
        c = id.data[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
              || (c >= '0' && c <= '9') || c == '_' || c == '-'))
        {
            return 0;
        }
    }

    return id.len > 0 && id.len <= MFA_KEY_ID_MAX;
}


static const mfa_key_t *
find_key(const mfa_keyring_t *ring, mfa_str_t id)
{
    size_t     i;
    mfa_str_t  own;

    for (i = 0; i < ring->n; i++) {
        own.data = ring->keys[i].id;
        own.len = ring->keys[i].id_len;

        if (mfa_str_eq(own, id)) {
            return &ring->keys[i];
        }
    }

    return NULL;
}


static int
derive_all(mfa_key_t *key, const uint8_t *raw)
{
    if (derive(key->seal, raw, INFO_SEAL) == 0
        && derive(key->form, raw, INFO_FORM) == 0
        && derive(key->mask, raw, INFO_MASK) == 0
        && derive(key->recovery, raw, INFO_RECOVERY) == 0)
    {
        return 0;
    }

    mfa_wipe(key, sizeof(*key));

    return -1;
}


/*
 * HKDF (RFC 5869) without a salt: the ring's key is uniformly random already,
 * so the info text is all that is needed to tell the purposes apart.
 */

static int
derive(uint8_t *out, const uint8_t *raw, const char *info)
{
    int           ok;
    EVP_KDF      *kdf;
    EVP_KDF_CTX  *ctx;
    OSSL_PARAM    params[4];

    /* OSSL_PARAM has no const; OpenSSL only reads these */

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
                                                  (void *) raw, MFA_KEY_BYTES);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
                                                  (void *) info, strlen(info));
    params[3] = OSSL_PARAM_construct_end();

    kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;

    ok = ctx != NULL && EVP_KDF_derive(ctx, out, MFA_KEY_BYTES, params) == 1;

    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);

    return ok ? 0 : -1;
}


int
mfa_seal_make(const mfa_keyring_t *ring, mfa_random_fn fill,
    const mfa_seal_bind_t *bind, mfa_str_t plain, mfa_buf_t *out)
{
    size_t            raw_len, need;
    uint8_t           raw[RAW_MAX];
    const mfa_key_t  *key;

    if (ring->n == 0 || plain.len > MFA_SEAL_PLAIN_MAX || out->failed) {
        return -1;
    }

    key = &ring->keys[0];
    raw_len = IV_BYTES + TAG_BYTES + plain.len;
    need = sizeof(FORMAT ".") - 1 + key->id_len + 1
           + MFA_BASE64URL_LEN(raw_len);

    if (need > out->cap - out->len) {
        return -1;
    }

    if (fill(raw, IV_BYTES) != 0 || encrypt(key, bind, plain, raw) != 0) {
        mfa_wipe(raw, sizeof(raw));
        return -1;
    }

    mfa_buf_cstr(out, FORMAT ".");
    mfa_buf_add(out, key->id, key->id_len);
    mfa_buf_byte(out, '.');
    mfa_base64url_encode(out, raw, raw_len);

    mfa_wipe(raw, sizeof(raw));

    return 0;
}


mfa_tri_e
mfa_seal_open(const mfa_keyring_t *ring, const mfa_seal_bind_t *bind,
    mfa_str_t sealed, mfa_buf_t *out)
{
    size_t            plain_len;
    uint8_t           raw[RAW_MAX], plain[MFA_SEAL_PLAIN_MAX];
    mfa_buf_t         b;
    mfa_str_t         format, id, text;
    mfa_tri_e         rv;
    const mfa_key_t  *key;

    if (sealed.len > MFA_SEAL_TEXT_MAX
        || !mfa_str_cut(sealed, '.', &format, &text)
        || !mfa_str_is(format, FORMAT)
        || !mfa_str_cut(text, '.', &id, &text))
    {
        return MFA_NO;
    }

    key = find_key(ring, id);
    mfa_buf_init(&b, raw, sizeof(raw));

    if (key == NULL || mfa_base64url_decode(&b, text) != 0
        || b.len < IV_BYTES + TAG_BYTES)
    {
        return MFA_NO;
    }

    plain_len = b.len - IV_BYTES - TAG_BYTES;

    if (out->failed || plain_len > out->cap - out->len) {
        return MFA_NO;
    }

    rv = MFA_NO;

    if (decrypt(key, bind, mfa_buf_since(&b, 0), plain) == 0) {
        mfa_buf_add(out, plain, plain_len);
        rv = MFA_YES;
    }

    mfa_wipe(plain, sizeof(plain));

    return rv;
}


/* raw begins with the IV; the tag and the ciphertext are put behind it. */

static int
encrypt(const mfa_key_t *key, const mfa_seal_bind_t *bind, mfa_str_t plain,
    uint8_t *raw)
{
    int              ok, n;
    uint8_t         *tag, *text;
    EVP_CIPHER_CTX  *ctx;

    tag = raw + IV_BYTES;
    text = tag + TAG_BYTES;

    ctx = EVP_CIPHER_CTX_new();

    ok = ctx != NULL
         && EVP_EncryptInit_ex2(ctx, EVP_aes_256_gcm(), key->seal, raw, NULL)
            == 1
         && associate(ctx, key, bind) == 0
         && (plain.len == 0
             || EVP_EncryptUpdate(ctx, text, &n, plain.data, (int) plain.len)
                == 1)
         && EVP_EncryptFinal_ex(ctx, text + plain.len, &n) == 1
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag)
            == 1;

    EVP_CIPHER_CTX_free(ctx);

    return ok ? 0 : -1;
}


/* What is in plain may be used after 0 only: before the tag it is a guess. */

static int
decrypt(const mfa_key_t *key, const mfa_seal_bind_t *bind, mfa_str_t raw,
    uint8_t *plain)
{
    int              ok, n, len;
    uint8_t          tag[TAG_BYTES];
    const uint8_t   *text;
    EVP_CIPHER_CTX  *ctx;

    memcpy(tag, raw.data + IV_BYTES, TAG_BYTES);
    text = raw.data + IV_BYTES + TAG_BYTES;
    len = (int) (raw.len - IV_BYTES - TAG_BYTES);

    ctx = EVP_CIPHER_CTX_new();

    ok = ctx != NULL
         && EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), key->seal, raw.data,
                                NULL) == 1
         && associate(ctx, key, bind) == 0
         && (len == 0 || EVP_DecryptUpdate(ctx, plain, &n, text, len) == 1)
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag)
            == 1
         && EVP_DecryptFinal_ex(ctx, plain + len, &n) == 1;

    EVP_CIPHER_CTX_free(ctx);

    return ok ? 0 : -1;
}


/*
 * Associated data.  The length before each part keeps "ab" "c" and "a" "bc"
 * apart.
 */

static int
associate(EVP_CIPHER_CTX *ctx, const mfa_key_t *key,
    const mfa_seal_bind_t *bind)
{
    int        n;
    size_t     i;
    uint8_t    len[2];
    mfa_str_t  parts[6];

    parts[0] = mfa_lit(FORMAT);
    parts[1] = mfa_str_from(bind->purpose);
    parts[2] = bind->portal;
    parts[3] = bind->login;
    parts[4] = bind->version;
    parts[5].data = key->id;
    parts[5].len = key->id_len;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].len > UINT16_MAX) {
            return -1;
        }

        len[0] = (uint8_t) (parts[i].len >> 8);
        len[1] = (uint8_t) parts[i].len;

        if (EVP_CipherUpdate(ctx, NULL, &n, len, sizeof(len)) != 1) {
            return -1;
        }

        if (parts[i].len
            && EVP_CipherUpdate(ctx, NULL, &n, parts[i].data,
                                (int) parts[i].len) != 1)
        {
            return -1;
        }
    }

    return 0;
}


int
mfa_form_token_make(const mfa_keyring_t *ring, const char *kind,
    mfa_str_t secret, mfa_buf_t *out)
{
    int      rc;
    uint8_t  mac[MFA_MAC_BYTES];

    if (ring->n == 0 || form_mac(&ring->keys[0], kind, secret, mac) != 0) {
        return -1;
    }

    mfa_base64url_encode(out, mac, sizeof(mac));
    rc = out->failed ? -1 : 0;

    mfa_wipe(mac, sizeof(mac));

    return rc;
}


mfa_tri_e
mfa_form_token_check(const mfa_keyring_t *ring, const char *kind,
    mfa_str_t secret, mfa_str_t token)
{
    size_t     i;
    uint8_t    mac[MFA_MAC_BYTES], given[MFA_MAC_BYTES];
    mfa_buf_t  b;
    mfa_tri_e  rv;

    mfa_buf_init(&b, given, sizeof(given));

    if (secret.len == 0 || mfa_base64url_decode(&b, token) != 0
        || b.len != MFA_MAC_BYTES)
    {
        return MFA_NO;
    }

    rv = MFA_NO;

    /* no early end: the time would tell which key it was */

    for (i = 0; i < ring->n; i++) {
        if (form_mac(&ring->keys[i], kind, secret, mac) != 0) {
            rv = MFA_UNKNOWN;
            break;
        }

        if (CRYPTO_memcmp(mac, given, MFA_MAC_BYTES) == 0) {
            rv = MFA_YES;
        }
    }

    mfa_wipe(mac, sizeof(mac));

    return rv;
}


/*
 * An empty secret is refused: a form bound to no cookie would carry a token
 * that is the same for everybody.
 */

static int
form_mac(const mfa_key_t *key, const char *kind, mfa_str_t secret,
    uint8_t *mac)
{
    mfa_str_t  parts[2];

    if (secret.len == 0) {
        return -1;
    }

    /* the zero byte that ends kind is part of the message */

    parts[0].data = (const uint8_t *) kind;
    parts[0].len = strlen(kind) + 1;
    parts[1] = secret;

    return mfa_mac_make(key->form, parts, 2, mac);
}


int
mfa_mac_make(const uint8_t *key, const mfa_str_t *parts, size_t n,
    uint8_t *mac)
{
    int           ok;
    size_t        i, len;
    EVP_MAC      *hmac;
    EVP_MAC_CTX  *ctx;
    OSSL_PARAM    params[2];

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

    ok = ctx != NULL && EVP_MAC_init(ctx, key, MFA_KEY_BYTES, params) == 1;

    for (i = 0; ok && i < n; i++) {
        ok = parts[i].len == 0
             || EVP_MAC_update(ctx, parts[i].data, parts[i].len) == 1;
    }

    ok = ok && EVP_MAC_final(ctx, mac, &len, MFA_MAC_BYTES) == 1
         && len == MFA_MAC_BYTES;

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(hmac);

    return ok ? 0 : -1;
}
