/*
 * What an account is found by: its login, its e-mail address, and its name from
 * each word on, in lower case (ASCII), at most MFA_SEARCH_WORD_MAX bytes of each.
 * The index in the store holds them as "word NUL login", so that all that begin
 * alike stand together.  Pure text: the store's part is in store_list.h.
 */

#ifndef MFA_SEARCH_H
#define MFA_SEARCH_H

#include "core/account.h"

#define MFA_SEARCH_WORD_MAX     64          /* bytes; a word is cut behind them */
#define MFA_SEARCH_NAME_WORDS   4           /* of a name; later ones: not found */
#define MFA_SEARCH_ENTRIES_MAX  (2 + MFA_SEARCH_NAME_WORDS)
#define MFA_SEARCH_ENTRY_MAX    (MFA_SEARCH_WORD_MAX + 1 + MFA_LOGIN_MAX)
/* Bytes that hold all entries of an account. */
#define MFA_SEARCH_ROOM         (MFA_SEARCH_ENTRIES_MAX * MFA_SEARCH_ENTRY_MAX)

typedef struct {
    mfa_str_t  entries[MFA_SEARCH_ENTRIES_MAX];     /* no two alike */
    size_t     n;
    mfa_buf_t  room;
    uint8_t    data[MFA_SEARCH_ROOM];
} mfa_search_t;

/* The entries of an account: by login, email and name alone. */
void mfa_search_entries(mfa_search_t *search, mfa_str_t login, mfa_str_t email,
    mfa_str_t name);

/*
 * What somebody typed as the index would have it: blanks around it and control
 * bytes gone, lower case, cut; into room of MFA_SEARCH_WORD_MAX bytes.  Empty:
 * nothing to search for.
 */
mfa_str_t mfa_search_typed(mfa_str_t typed, uint8_t *room);

/* The login of an entry; empty when it is none. */
mfa_str_t mfa_search_login(mfa_str_t entry);

/* Whether entry is among those that begin with typed. */
int mfa_search_begins(mfa_str_t entry, mfa_str_t typed);

/* Whether entry is the first of those of an account that begin with typed: an
   account with several is shown once. */
int mfa_search_is_first(const mfa_search_t *search, mfa_str_t typed,
    mfa_str_t entry);

#endif /* MFA_SEARCH_H */
