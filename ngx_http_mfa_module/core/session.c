/*
 * The session record, format 2:
 *
 *   bytes  what
 *   1      the format, 2
 *   1      bits 0-1 level, 2 later, 3-4 kind of the address; the others are 0
 *   9      the first 12 characters of the hash, decoded
 *   1 + n  portal, its length before it
 *   1 + n  login, the same
 *   1..8   generation
 *   1..8   created
 *   1..8   expires, seen, password_at, each as its distance from created
 *   1..8   code_at: 0, or its distance from created and 1
 *   4, 16 or 1 + n  address: IPv4, IPv6, or text with its length before it
 *   1      browser and system as in agent.c, or 0, length and text
 *
 * Numbers have 7 bits to a byte, the lowest first, and the upper bit in all but
 * the last; the last is not 0, so there is one way to write a number.  A distance
 * may be negative, for clocks go back: it is doubled, and negative ones are odd.
 *
 * The levels differ in two bits, so none becomes another by one that flipped.
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
#define MARK_BYTES     9
#define NUMBER_BYTES   8

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

    mfa_buf_init(&b, mark, MARK_BYTES);

    return mfa_base64url_decode(&b, mfa_session_short(hash));
}


/* --- writing --- */

static void
number_write(mfa_buf_t *out, int64_t n)
{
    for (/* void */; n > 0x7f; n >>= 7) {
        mfa_buf_byte(out, (uint8_t) (0x80 | (n & 0x7f)));
    }

    mfa_buf_byte(out, (uint8_t) n);
}


static int64_t
distance(int64_t from, int64_t to)
{
    return to < from ? (from - to) * 2 - 1 : (to - from) * 2;
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
    uint8_t  mark[MARK_BYTES];

    if (!is_sound(session) || mark_make(mark, hash) != 0) {
        out->failed = 1;
        return;
    }

    mfa_buf_byte(out, FORMAT);
    mfa_buf_byte(out, (uint8_t) (session->level
                                 | (session->later ? LATER_BIT : 0)
                                 | session->address.kind << ADDRESS_SHIFT));
    mfa_buf_add(out, mark, MARK_BYTES);

    mfa_buf_byte(out, (uint8_t) session->portal.len);
    mfa_buf_str(out, session->portal);
    mfa_buf_byte(out, (uint8_t) session->login.len);
    mfa_buf_str(out, session->login);

    number_write(out, session->generation);
    number_write(out, session->created);
    number_write(out, distance(session->created, session->expires));
    number_write(out, distance(session->created, session->seen));
    number_write(out, distance(session->created, session->password_at));
    number_write(out, session->code_at == 0
                      ? 0 : distance(session->created, session->code_at) + 1);

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


static mfa_str_t
text_read(in_t *in, size_t max)
{
    mfa_str_t  text;

    text.len = byte_read(in);

    if (text.len > max) {
        in->failed = 1;
    }

    text.data = bytes_read(in, text.len);

    return text.data ? text : (mfa_str_t) { NULL, 0 };
}


static mfa_str_t
clean_read(in_t *in, size_t max)
{
    size_t     i;
    mfa_str_t  text;

    text = text_read(in, max);

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            in->failed = 1;
        }
    }

    return text;
}


static int64_t
number_read(in_t *in)
{
    size_t   i;
    int64_t  n;
    uint8_t  c;

    n = 0;

    for (i = 0; i < NUMBER_BYTES; i++) {
        c = byte_read(in);
        n |= (int64_t) (c & 0x7f) << (7 * i);

        if (c < 0x80) {
            in->failed |= c == 0 && i > 0;

            return n;
        }
    }

    in->failed = 1;

    return 0;
}


static int64_t
limited(in_t *in, int64_t n)
{
    if (!is_number(n)) {
        in->failed = 1;
        return 0;
    }

    return n;
}


/* The time at a distance from another. */
static int64_t
time_at(in_t *in, int64_t from, int64_t n)
{
    return limited(in, n & 1 ? from - (n >> 1) - 1 : from + (n >> 1));
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


static void
times_read(in_t *in, mfa_session_t *session)
{
    int64_t  n;

    session->generation = limited(in, number_read(in));
    session->created = limited(in, number_read(in));
    session->expires = time_at(in, session->created, number_read(in));
    session->seen = time_at(in, session->created, number_read(in));
    session->password_at = time_at(in, session->created, number_read(in));

    n = number_read(in);

    if (n) {
        session->code_at = time_at(in, session->created, n - 1);

        /* That is written as 0. */
        in->failed |= session->code_at == 0;
    }
}


static void
session_read(in_t *in, mfa_session_t *session, const uint8_t *mark)
{
    uint8_t         bits;
    const uint8_t  *own;

    in->failed |= byte_read(in) != FORMAT;
    bits = byte_read(in);
    own = bytes_read(in, MARK_BYTES);

    if (own == NULL || memcmp(own, mark, MARK_BYTES) != 0
        || bits >> ADDRESS_SHIFT >= MFA_ADDRESS_N)
    {
        in->failed = 1;
        return;
    }

    session->level = (mfa_level_e) (bits & LEVEL_BITS);
    session->later = (bits & LATER_BIT) != 0;
    session->portal = text_read(in, MFA_PORTAL_NAME_MAX);
    session->login = text_read(in, MFA_LOGIN_MAX);

    times_read(in, session);
    address_read(in, &session->address, bits >> ADDRESS_SHIFT);
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


const char *
mfa_level_name(mfa_level_e level)
{
    switch (level) {
    case MFA_LEVEL_PASSWORD:
        return "password";
    case MFA_LEVEL_MFA:
        return "mfa";
    default:
        return "none";
    }
}
