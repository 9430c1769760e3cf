/*
 * Addresses of clients, as a session keeps them: in 4 or 16 bytes when that is
 * all there is to the text, as the text when it is anything else ("unix:").  For
 * showing only; who may do what is not decided by them.
 */

#ifndef MFA_ADDRESS_H
#define MFA_ADDRESS_H

#include "core/str.h"

#define MFA_ADDRESS_MAX  64                 /* bytes written at most */

typedef enum {
    MFA_ADDRESS_TEXT = 0,
    MFA_ADDRESS_IPV4,
    MFA_ADDRESS_IPV6,
    MFA_ADDRESS_N
} mfa_address_e;

typedef struct {
    mfa_address_e  kind;
    mfa_str_t      text;                    /* MFA_ADDRESS_TEXT */
    uint8_t        bytes[16];               /* IPv4: the first 4 */
} mfa_address_t;

/*
 * The address a text is.  IPv4 or IPv6 only when mfa_address_write would give
 * that very text back; a text is kept as a view.
 */
mfa_address_t mfa_address_of(mfa_str_t text);

/*
 * Appends the text of an address: IPv6 as nginx writes it, the longest run of
 * zeros cut out, of a text the first MFA_ADDRESS_MAX bytes.
 */
void mfa_address_write(mfa_buf_t *out, const mfa_address_t *address);

#endif /* MFA_ADDRESS_H */
