/*
 * Addresses, see address.h.  The reader takes whatever could be an address; what
 * it made of it is then written and compared, so that there is one rule for how
 * an address looks and nothing is lost that was not in the bytes.
 */

#include "core/address.h"

#include <string.h>

#define IPV4_BYTES   4
#define IPV6_GROUPS  8


/* A number of digits [0-9] or [0-9a-f] up to max; 0 or -1. */
static int
digits_read(mfa_str_t s, unsigned base, unsigned max, unsigned *n)
{
    size_t    i;
    unsigned  digit;

    *n = 0;

    if (s.len == 0) {
        return -1;
    }

    for (i = 0; i < s.len; i++) {
        if (s.data[i] >= '0' && s.data[i] <= '9') {
            digit = s.data[i] - '0';

        } else if (s.data[i] >= 'a' && s.data[i] <= 'f') {
            digit = s.data[i] - 'a' + 10;

        } else {
            return -1;
        }

        *n = *n * base + digit;

        if (digit >= base || *n > max) {
            return -1;
        }
    }

    return 0;
}


static int
ipv4_read(uint8_t *bytes, mfa_str_t text)
{
    size_t     i;
    unsigned   n;
    mfa_str_t  part;

    for (i = 0; i < IPV4_BYTES; i++) {
        if (mfa_str_cut(text, '.', &part, &text) != (i + 1 < IPV4_BYTES)
            || digits_read(part, 10, 255, &n) != 0)
        {
            return -1;
        }

        bytes[i] = (uint8_t) n;
    }

    return 0;
}


/* Groups of hex digits between colons; "::" once, for the groups that lack. */
static int
ipv6_read(uint8_t *bytes, mfa_str_t text)
{
    int        more;
    size_t     i, n, gap;
    uint8_t    read[2 * IPV6_GROUPS];
    unsigned   group;
    mfa_str_t  part;

    n = 0;
    gap = IPV6_GROUPS + 1;
    more = 1;

    if (text.len >= 2 && text.data[0] == ':' && text.data[1] == ':') {
        text.data++;
        text.len--;
    }

    while (more) {
        more = mfa_str_cut(text, ':', &part, &text);

        if (part.len == 0) {
            if (gap <= IPV6_GROUPS) {
                return -1;
            }

            gap = n;

            /* "1::" ends with the gap. */
            if (more && text.len == 0) {
                break;
            }

            continue;
        }

        if (n == IPV6_GROUPS || digits_read(part, 16, 0xffff, &group) != 0) {
            return -1;
        }

        read[2 * n] = (uint8_t) (group >> 8);
        read[2 * n + 1] = (uint8_t) group;
        n++;
    }

    if (gap > IPV6_GROUPS) {
        gap = n;
    }

    memset(bytes, 0, 2 * IPV6_GROUPS);

    for (i = 0; i < n; i++) {
        memcpy(&bytes[2 * (i < gap ? i : IPV6_GROUPS - n + i)], &read[2 * i],
               2);
    }

    return 0;
}


static void
ipv4_write(mfa_buf_t *out, const uint8_t *bytes)
{
    size_t  i;

    for (i = 0; i < IPV4_BYTES; i++) {
        if (i) {
            mfa_buf_byte(out, '.');
        }

        mfa_buf_int(out, bytes[i]);
    }
}


static void
group_write(mfa_buf_t *out, unsigned group)
{
    int  shift;

    for (shift = 12; shift > 0 && group >> shift == 0; shift -= 4) {
        /* void */
    }

    for (/* void */; shift >= 0; shift -= 4) {
        mfa_buf_byte(out, (uint8_t) "0123456789abcdef"[group >> shift & 0xf]);
    }
}


static void
ipv6_write(mfa_buf_t *out, const uint8_t *bytes)
{
    size_t    i, run, longest, from;
    unsigned  groups[IPV6_GROUPS];

    from = IPV6_GROUPS;
    longest = 0;
    run = 0;

    for (i = 0; i < IPV6_GROUPS; i++) {
        groups[i] = (unsigned) bytes[2 * i] << 8 | bytes[2 * i + 1];
        run = groups[i] ? 0 : run + 1;

        if (run > longest) {
            longest = run;
            from = i + 1 - run;
        }
    }

    for (i = 0; i < IPV6_GROUPS; i++) {
        if (i == from) {
            mfa_buf_cstr(out, i + longest == IPV6_GROUPS ? "::" : ":");
            i += longest - 1;
            continue;
        }

        if (i) {
            mfa_buf_byte(out, ':');
        }

        group_write(out, groups[i]);
    }
}


mfa_address_t
mfa_address_of(mfa_str_t text)
{
    uint8_t        room[MFA_ADDRESS_MAX];
    mfa_buf_t      b;
    mfa_address_t  address;

    memset(&address, 0, sizeof(address));

    if (ipv4_read(address.bytes, text) == 0) {
        address.kind = MFA_ADDRESS_IPV4;

    } else if (ipv6_read(address.bytes, text) == 0) {
        address.kind = MFA_ADDRESS_IPV6;
    }

    if (address.kind != MFA_ADDRESS_TEXT) {
        mfa_buf_init(&b, room, sizeof(room));
        mfa_address_write(&b, &address);

        if (mfa_str_eq(mfa_buf_since(&b, 0), text)) {
            return address;
        }
    }

    memset(&address, 0, sizeof(address));
    address.text = text;

    return address;
}


void
mfa_address_write(mfa_buf_t *out, const mfa_address_t *address)
{
    mfa_str_t  text;

    switch (address->kind) {
    case MFA_ADDRESS_IPV4:
        ipv4_write(out, address->bytes);
        break;
    case MFA_ADDRESS_IPV6:
        ipv6_write(out, address->bytes);
        break;
    default:
        text = address->text;
        text.len = text.len < MFA_ADDRESS_MAX ? text.len : MFA_ADDRESS_MAX;
        mfa_buf_str(out, text);
    }
}
