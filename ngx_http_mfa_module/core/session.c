/*
 * The session record, format 2:
 *
 *   bytes  what
 *   1      the format, 2, in the upper 3 bits; the portal's length less 1
 *   1      bits 0-1 level, 2 later, 3-4 kind of the address, 5 there was a code;
 *          the others are 0
 *   6      the first 8 characters of the hash, decoded
 *   n      portal
 *   1 + n  login, its length before it
 *   3      for each number its bytes, 0 to 7, and 8 when it is negative, in half
 *          a byte, the first number in the lower half
 *   n      the numbers: generation, created, and as distances from created
 *          expires, seen, password_at and code_at; the lowest byte first, the
 *          last is not 0
 *   4, 16 or 1 + n  address: IPv4, IPv6, or text with its length before it
 *   1      browser and system as in agent.c, or 0, length and text
 *
 * Distances may be negative, for clocks go back.  There is one way to write a
 * number, so a session has one record.
 *
 * The levels differ in two bits, so none becomes another by one that flipped.
 *
 * Redis allocates for up to 60 bytes, up to 76, 92 and so on: that is what it is
 * worth to look at each byte here.
 */

#include "core/session.h"
#include "core/portal.h"
#include "core/reply.h"
#include "core/record.h"

#include <string.h>

#define FORMAT         2
#define LEVEL_BITS     0x03
#define LATER_BIT      0x04
#define ADDRESS_SHIFT  3
#define ADDRESS_BITS   0x03
#define CODE_BIT       0x20
#define ALL_BITS       0x3f

#define PORTAL_BITS    5                    /* of the length */
#define MARK_CHARS     8
#define MARK_BYTES     6
#define NEGATIVE       8                    /* in a number's half a byte */

/* The numbers, in their order. */
enum { GENERATION, CREATED, EXPIRES, SEEN, PASSWORD_AT, CODE_AT, N_NUMBERS };

/* What is left of a record; a reader that failed stays so and reads zeros. */
typedef struct {
    const uint8_t  *p;
    size_t          left;
    int             failed;
} in_t;


static int
mark_make(uint8_t mark[MARK_BYTES], mfa_str_t hash)
{
    mfa_buf_t  b;

    if (hash.len != MFA_HASH_CHARS) {
        return -1;
    }

    hash.len = MARK_CHARS;
    mfa_buf_init(&b, mark, MARK_BYTES);

    return mfa_base64url_decode(&b, hash);
}


/* --- writing --- */

static void
numbers_write(mfa_buf_t *out, const int64_t *numbers)
{
    size_t    i, n;
    unsigned  size;
    uint8_t   sizes[N_NUMBERS / 2] = { 0 }, bytes[N_NUMBERS * 8];
    uint64_t  left;

    n = 0;

    for (i = 0; i < N_NUMBERS; i++) {
        size = numbers[i] < 0 ? NEGATIVE : 0;
        left = (uint64_t) (numbers[i] < 0 ? -numbers[i] : numbers[i]);

        for (/* void */; left; left >>= 8) {
            bytes[n++] = (uint8_t) left;
            size++;
        }

        sizes[i / 2] |= (uint8_t) (size << (i % 2 ? 4 : 0));
    }

    mfa_buf_add(out, sizes, sizeof(sizes));
    mfa_buf_add(out, bytes, n);
}


static void
text_write(mfa_buf_t *out, mfa_str_t text, size_t max)
{
    mfa_buf_byte(out, (uint8_t) (text.len < max ? text.len : max));
    mfa_record_text(out, text, max);
}


static int
is_number(int64_t n)
{
    return n >= 0 && n <= MFA_NUMBER_MAX;
}


static int
is_sound(const mfa_session_t *s)
{
    return s->portal.len > 0 && s->portal.len <= MFA_PORTAL_NAME_MAX
           && mfa_login_check(s->login)
           && (s->level == MFA_LEVEL_PASSWORD || s->level == MFA_LEVEL_MFA)
           && is_number(s->generation) && is_number(s->created)
           && is_number(s->expires) && is_number(s->seen)
           && is_number(s->password_at) && is_number(s->code_at)
           && (s->agent.code == 0 || mfa_agent_code_check(s->agent.code));
}


static void
address_write(mfa_buf_t *out, const mfa_address_t *address)
{
    switch (address->kind) {
    case MFA_ADDRESS_IPV4:
        mfa_buf_add(out, address->bytes, 4);
        break;
    case MFA_ADDRESS_IPV6:
        mfa_buf_add(out, address->bytes, 16);
        break;
    default:
        text_write(out, address->text, MFA_ADDRESS_MAX);
    }
}


void
mfa_session_encode(mfa_buf_t *out, const mfa_session_t *session,
    mfa_str_t hash)
{
    int64_t  numbers[N_NUMBERS];
    uint8_t  mark[MARK_BYTES];

    if (!is_sound(session) || mark_make(mark, hash) != 0) {
        out->failed = 1;
        return;
    }

    mfa_buf_byte(out, (uint8_t) (FORMAT << PORTAL_BITS
                                 | (session->portal.len - 1)));
    mfa_buf_byte(out, (uint8_t) (session->level
                                 | (session->later ? LATER_BIT : 0)
                                 | session->address.kind << ADDRESS_SHIFT
                                 | (session->code_at ? CODE_BIT : 0)));
    mfa_buf_add(out, mark, MARK_BYTES);
    mfa_buf_str(out, session->portal);
    mfa_buf_byte(out, (uint8_t) session->login.len);
    mfa_buf_str(out, session->login);

    numbers[GENERATION] = session->generation;
    numbers[CREATED] = session->created;
    numbers[EXPIRES] = session->expires - session->created;
    numbers[SEEN] = session->seen - session->created;
    numbers[PASSWORD_AT] = session->password_at - session->created;
    numbers[CODE_AT] = session->code_at ? session->code_at - session->created
                                        : 0;
    numbers_write(out, numbers);

    address_write(out, &session->address);
    mfa_buf_byte(out, session->agent.code);

    if (session->agent.code == 0) {
        text_write(out, session->agent.text, MFA_AGENT_SHORT_MAX);
    }
}


/* --- reading --- */

static const uint8_t *
bytes_read(in_t *in, size_t n)
{
    const uint8_t  *bytes;

    if (in->left < n) {
        in->failed = 1;
        in->left = 0;
        return NULL;
    }

    bytes = in->p;
    in->p += n;
    in->left -= n;

    return bytes;
}


static uint8_t
byte_read(in_t *in)
{
    const uint8_t  *p;

    p = bytes_read(in, 1);

    return p ? *p : 0;
}


/* n bytes that are no more than max. */
static mfa_str_t
text_read(in_t *in, size_t n, size_t max)
{
    mfa_str_t  text;

    if (n > max) {
        in->failed = 1;
    }

    text.len = n;
    text.data = bytes_read(in, n);

    return text.data ? text : (mfa_str_t) { NULL, 0 };
}


static mfa_str_t
clean_read(in_t *in, size_t max)
{
    size_t     i;
    mfa_str_t  text;

    text = text_read(in, byte_read(in), max);

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            in->failed = 1;
        }
    }

    return text;
}


static int64_t
number_read(in_t *in, unsigned size)
{
    size_t          i, n;
    int64_t         number;
    const uint8_t  *bytes;

    n = size & (NEGATIVE - 1);
    bytes = bytes_read(in, n);

    if (n == 0 || bytes == NULL || bytes[n - 1] == 0) {
        /* 0 has no bytes and no sign. */
        in->failed |= size != 0;

        return 0;
    }

    number = 0;

    for (i = n; i > 0; i--) {
        number = number << 8 | bytes[i - 1];
    }

    return size & NEGATIVE ? -number : number;
}


static void
address_read(in_t *in, mfa_address_t *address, unsigned kind)
{
    size_t          n;
    const uint8_t  *bytes;

    address->kind = (mfa_address_e) kind;

    if (kind == MFA_ADDRESS_TEXT) {
        address->text = clean_read(in, MFA_ADDRESS_MAX);
        return;
    }

    n = kind == MFA_ADDRESS_IPV4 ? 4 : 16;
    bytes = bytes_read(in, n);

    if (bytes) {
        memcpy(address->bytes, bytes, n);
    }
}


static void
agent_read(in_t *in, mfa_agent_t *agent)
{
    agent->code = byte_read(in);

    if (agent->code == 0) {
        agent->text = clean_read(in, MFA_AGENT_SHORT_MAX);

    } else if (!mfa_agent_code_check(agent->code)) {
        in->failed = 1;
    }
}


/* Distances are below 2^56 and so is created: sums do not overflow, and what is
   no time is_sound will say. */
static void
numbers_read(in_t *in, mfa_session_t *session, int has_code)
{
    size_t          i;
    int64_t         n[N_NUMBERS];
    const uint8_t  *sizes;

    sizes = bytes_read(in, N_NUMBERS / 2);

    if (sizes == NULL) {
        return;
    }

    for (i = 0; i < N_NUMBERS; i++) {
        n[i] = number_read(in, sizes[i / 2] >> (i % 2 ? 4 : 0) & 0xf);
    }

    session->generation = n[GENERATION];
    session->created = n[CREATED];
    session->expires = n[CREATED] + n[EXPIRES];
    session->seen = n[CREATED] + n[SEEN];
    session->password_at = n[CREATED] + n[PASSWORD_AT];
    session->code_at = has_code ? n[CREATED] + n[CODE_AT] : 0;

    /* A code at 0 is none, and none has no distance. */
    in->failed |= has_code ? session->code_at == 0 : n[CODE_AT] != 0;
}


static void
session_read(in_t *in, mfa_session_t *session, const uint8_t *mark)
{
    uint8_t         first, bits;
    unsigned        kind;
    const uint8_t  *own;

    first = byte_read(in);
    bits = byte_read(in);
    kind = bits >> ADDRESS_SHIFT & ADDRESS_BITS;
    own = bytes_read(in, MARK_BYTES);

    if (first >> PORTAL_BITS != FORMAT || bits & ~ALL_BITS
        || kind >= MFA_ADDRESS_N || own == NULL
        || memcmp(own, mark, MARK_BYTES) != 0)
    {
        in->failed = 1;
        return;
    }

    session->level = (mfa_level_e) (bits & LEVEL_BITS);
    session->later = (bits & LATER_BIT) != 0;
    session->portal = text_read(in, (first & ((1 << PORTAL_BITS) - 1)) + 1,
                                MFA_PORTAL_NAME_MAX);
    session->login = text_read(in, byte_read(in), MFA_LOGIN_MAX);

    numbers_read(in, session, (bits & CODE_BIT) != 0);
    address_read(in, &session->address, kind);
    agent_read(in, &session->agent);
}


int
mfa_session_decode(mfa_session_t *session, mfa_str_t record, mfa_str_t hash)
{
    in_t     in;
    uint8_t  mark[MARK_BYTES];

    memset(session, 0, sizeof(mfa_session_t));

    if (record.len > MFA_SESSION_RECORD_MAX || mark_make(mark, hash) != 0) {
        return -1;
    }

    in = (in_t) { record.data, record.len, 0 };
    session_read(&in, session, mark);

    if (in.failed || in.left != 0 || !is_sound(session)) {
        memset(session, 0, sizeof(mfa_session_t));
        return -1;
    }

    return 0;
}


mfa_str_t
mfa_session_short(mfa_str_t hash)
{
    hash.len = hash.len < MFA_SESSION_SHORT ? hash.len : MFA_SESSION_SHORT;

    return hash;
}


MFA_HOT mfa_str_t
mfa_level_name(mfa_level_e level)
{
    switch (level) {
    case MFA_LEVEL_PASSWORD:
        return mfa_lit("password");
    case MFA_LEVEL_MFA:
        return mfa_lit("mfa");
    default:
        return mfa_lit("none");
    }
}
