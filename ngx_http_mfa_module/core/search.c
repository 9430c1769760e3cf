/*
 * What an account is found by, see search.h.
 */

#include "core/search.h"

#include <string.h>


/* The first max bytes of s, not ending inside a character of UTF-8. */
static mfa_str_t
cut(mfa_str_t s, size_t max)
{
    if (s.len > max) {
        s.len = max;

        while (s.len && (s.data[s.len] & 0xc0) == 0x80) {
            s.len--;
        }
    }

    return s;
}


static void
add(mfa_search_t *search, mfa_str_t word, mfa_str_t login)
{
    size_t     i, from;
    mfa_str_t  entry;

    word = cut(word, MFA_SEARCH_WORD_MAX);

    if (word.len == 0 || search->n == MFA_SEARCH_ENTRIES_MAX) {
        return;
    }

    from = search->room.len;

    for (i = 0; i < word.len; i++) {
        mfa_buf_byte(&search->room, mfa_lower(word.data[i]));
    }

    mfa_buf_byte(&search->room, '\0');
    mfa_buf_str(&search->room, login);
    entry = mfa_buf_since(&search->room, from);

    for (i = 0; i < search->n; i++) {
        if (mfa_str_eq(search->entries[i], entry)) {
            return;
        }
    }

    if (!search->room.failed) {
        search->entries[search->n++] = entry;
    }
}


void
mfa_search_entries(mfa_search_t *search, mfa_str_t login, mfa_str_t email,
    mfa_str_t name)
{
    int     words;
    size_t  i;

    search->n = 0;
    mfa_buf_init(&search->room, search->data, sizeof(search->data));

    add(search, login, login);
    add(search, email, login);

    for (i = 0, words = 0; i < name.len && words < MFA_SEARCH_NAME_WORDS; i++) {
        if (name.data[i] != ' ' && (i == 0 || name.data[i - 1] == ' ')) {
            add(search, (mfa_str_t) { name.data + i, name.len - i }, login);
            words++;
        }
    }
}


mfa_str_t
mfa_search_typed(mfa_str_t typed, uint8_t *room)
{
    size_t     i;
    mfa_buf_t  out;

    while (typed.len && typed.data[0] == ' ') {
        typed.data++;
        typed.len--;
    }

    while (typed.len && typed.data[typed.len - 1] == ' ') {
        typed.len--;
    }

    typed = cut(typed, MFA_SEARCH_WORD_MAX);
    mfa_buf_init(&out, room, MFA_SEARCH_WORD_MAX);

    for (i = 0; i < typed.len; i++) {
        if (typed.data[i] >= 0x20 && typed.data[i] != 0x7f) {
            mfa_buf_byte(&out, mfa_lower(typed.data[i]));
        }
    }

    return mfa_buf_since(&out, 0);
}


mfa_str_t
mfa_search_login(mfa_str_t entry)
{
    mfa_str_t  word, login;

    if (!mfa_str_cut(entry, '\0', &word, &login) || !mfa_login_check(login)) {
        return (mfa_str_t) { NULL, 0 };
    }

    return login;
}


int
mfa_search_begins(mfa_str_t entry, mfa_str_t typed)
{
    return entry.len >= typed.len
           && (typed.len == 0 || memcmp(entry.data, typed.data, typed.len) == 0);
}


/* In the order of the store: by bytes, the shorter first. */
static int
before(mfa_str_t a, mfa_str_t b)
{
    int     order;
    size_t  len;

    len = a.len < b.len ? a.len : b.len;
    order = memcmp(a.data, b.data, len);

    return order < 0 || (order == 0 && a.len < b.len);
}


int
mfa_search_is_first(const mfa_search_t *search, mfa_str_t typed,
    mfa_str_t entry)
{
    int     found;
    size_t  i;

    found = 0;

    for (i = 0; i < search->n; i++) {
        if (!mfa_search_begins(search->entries[i], typed)) {
            continue;
        }

        if (mfa_str_eq(search->entries[i], entry)) {
            found = 1;

        } else if (before(search->entries[i], entry)) {
            return 0;
        }
    }

    return found;
}
