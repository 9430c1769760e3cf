/*
 * Characters that are not seen, or that turn the order of what stands beside
 * them: the one place that knows them.  Whatever people name (a person, an
 * e-mail address, a reason, a token) is held to this before it is kept; what was
 * kept before is shown with a mark in their place.
 */

#ifndef MFA_VISIBLE_H
#define MFA_VISIBLE_H

#include "core/str.h"

#define MFA_VISIBLE_MARK  "\xef\xbf\xbd"    /* U+FFFD, for what is not shown */

typedef enum {
    MFA_CHAR_NONE = 0,                      /* a control character, or no UTF-8 */
    MFA_CHAR_HIDDEN,                        /* turns the order, or is not seen */
    MFA_CHAR_JOINS,                         /* shapes the one before it */
    MFA_CHAR_BLANK,
    MFA_CHAR_SHOWN
} mfa_char_e;

/* Takes the character that *s, which is not empty, begins with off it into *c:
   one byte of what is no UTF-8. */
mfa_char_e mfa_char_take(mfa_str_t *s, mfa_str_t *c);

/*
 * Whether s is nothing, or a text of which all is seen: UTF-8 without control
 * characters, nothing hidden, not blank throughout, and what shapes a character
 * (U+200C and U+200D in a Persian name, a variation selector in a Japanese one)
 * only directly behind one that is shown and not of ASCII.
 */
int mfa_visible(mfa_str_t s);
/* The same without blanks and joiners: one word. */
int mfa_visible_word(mfa_str_t s);

#endif /* MFA_VISIBLE_H */
