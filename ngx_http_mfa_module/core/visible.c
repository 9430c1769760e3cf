/*
 * What is seen of a text, see visible.h.
 *
 * The ranges are those of Unicode's Bidi_Control and Default_Ignorable_Code_Point,
 * the line and paragraph separators, the format characters that annotate, and
 * the blanks that cannot be told from a space.
 */

#include "core/visible.h"

typedef struct {
    uint32_t    first;
    uint32_t    last;
    mfa_char_e  kind;
} range_t;

/* In order.  What stands in none is shown. */
static const range_t  ranges[] = {
    { 0x0020,  0x0020,  MFA_CHAR_BLANK },
    { 0x00a0,  0x00a0,  MFA_CHAR_HIDDEN },  /* a space that is none */
    { 0x00ad,  0x00ad,  MFA_CHAR_HIDDEN },  /* soft hyphen */
    { 0x034f,  0x034f,  MFA_CHAR_HIDDEN },
    { 0x061c,  0x061c,  MFA_CHAR_HIDDEN },  /* Arabic letter mark */
    { 0x115f,  0x1160,  MFA_CHAR_HIDDEN },  /* Hangul fillers */
    { 0x1680,  0x1680,  MFA_CHAR_HIDDEN },
    { 0x17b4,  0x17b5,  MFA_CHAR_HIDDEN },
    { 0x180b,  0x180d,  MFA_CHAR_JOINS },   /* Mongolian selectors */
    { 0x180e,  0x180e,  MFA_CHAR_HIDDEN },
    { 0x180f,  0x180f,  MFA_CHAR_JOINS },
    { 0x2000,  0x200b,  MFA_CHAR_HIDDEN },  /* spaces by width, none at all */
    { 0x200c,  0x200d,  MFA_CHAR_JOINS },
    { 0x200e,  0x200f,  MFA_CHAR_HIDDEN },  /* left-to-right, right-to-left */
    { 0x2028,  0x202f,  MFA_CHAR_HIDDEN },  /* line ends, embeddings, overrides */
    { 0x205f,  0x206f,  MFA_CHAR_HIDDEN },  /* isolates among them */
    { 0x2800,  0x2800,  MFA_CHAR_HIDDEN },  /* Braille without a dot */
    { 0x3000,  0x3000,  MFA_CHAR_BLANK },   /* between names in Japanese */
    { 0x3164,  0x3164,  MFA_CHAR_HIDDEN },
    { 0xfe00,  0xfe0f,  MFA_CHAR_JOINS },   /* variation selectors */
    { 0xfeff,  0xfeff,  MFA_CHAR_HIDDEN },
    { 0xffa0,  0xffa0,  MFA_CHAR_HIDDEN },
    { 0xfff0,  0xfffb,  MFA_CHAR_HIDDEN },
    { 0x1bca0, 0x1bca3, MFA_CHAR_HIDDEN },
    { 0x1d173, 0x1d17a, MFA_CHAR_HIDDEN },
    { 0xe0000, 0xe00ff, MFA_CHAR_HIDDEN },  /* tags */
    { 0xe0100, 0xe01ef, MFA_CHAR_JOINS },   /* more variation selectors */
    { 0xe01f0, 0xe0fff, MFA_CHAR_HIDDEN }
};


static mfa_char_e
kind_of(uint32_t code)
{
    size_t  i;

    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (code <= ranges[i].last) {
            return code >= ranges[i].first ? ranges[i].kind : MFA_CHAR_SHOWN;
        }
    }

    return MFA_CHAR_SHOWN;
}


/* Of what is known to be well-formed. */
static uint32_t
code_of(mfa_str_t c)
{
    size_t    i;
    uint32_t  code;

    code = c.len == 1 ? c.data[0] : c.data[0] & (0x7fu >> c.len);

    for (i = 1; i < c.len; i++) {
        code = code << 6 | (c.data[i] & 0x3f);
    }

    return code;
}


mfa_char_e
mfa_char_take(mfa_str_t *s, mfa_str_t *c)
{
    uint8_t     lead;
    mfa_char_e  kind;

    lead = s->data[0];
    c->data = s->data;
    c->len = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    if (c->len <= s->len && mfa_str_printable(*c)) {
        kind = kind_of(code_of(*c));

    } else {
        c->len = 1;
        kind = MFA_CHAR_NONE;
    }

    s->data += c->len;
    s->len -= c->len;

    return kind;
}


int
mfa_visible(mfa_str_t s)
{
    int        seen, shapes;
    mfa_str_t  c;

    if (s.len == 0) {
        return 1;
    }

    seen = 0;
    shapes = 0;

    while (s.len) {
        switch (mfa_char_take(&s, &c)) {
        case MFA_CHAR_SHOWN:
            seen = 1;
            shapes = c.len > 1;
            break;

        case MFA_CHAR_BLANK:
            shapes = 0;
            break;

        case MFA_CHAR_JOINS:
            if (!shapes) {
                return 0;
            }

            shapes = 0;
            break;

        default:
            return 0;
        }
    }

    return seen;
}


int
mfa_visible_word(mfa_str_t s)
{
    mfa_str_t  c;

    while (s.len) {
        if (mfa_char_take(&s, &c) != MFA_CHAR_SHOWN) {
            return 0;
        }
    }

    return 1;
}
