/*
 * Indexes of accounts in the store, for lists, search and counts; their table
 * is in store.h.  They are written in the transaction of the change they follow
 * from, and rows are read anew and looked at again: an index that is behind
 * hides or repeats somebody, it never says how an account stands.
 */

#ifndef MFA_STORE_LIST_H
#define MFA_STORE_LIST_H

#include "core/search.h"
#include "core/store.h"

#define MFA_INDEX_FORMAT  1

/* Inside a transaction: what an account is found by.  Only what is in one and
   not in the other is written.  Both may go before the op is sent. */
void mfa_store_search_change(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_search_t *before, const mfa_search_t *after);

/* Watches the administrators with billing that are not disabled; the answer is
   an array of up to n of their logins, from the place from on. */
mfa_at_t mfa_store_owners_watch(mfa_op_t *op, const mfa_portal_t *portal,
    int64_t from, int64_t n);
/* Inside a transaction: whether login is one from now on. */
void mfa_store_owner_set(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, int is_one);

/* Up to n entries of the search index that begin with typed, behind the entry
   after (empty: from the first). */
mfa_at_t mfa_store_search_page(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t typed, mfa_str_t after, int64_t n);

/* How many accounts there are, by index. */
typedef struct {
    mfa_at_t  total;
    mfa_at_t  enrolled;
    mfa_at_t  required;
    mfa_at_t  not_required;
    mfa_at_t  unenrolled;                   /* required, no factor */
    mfa_at_t  due;                          /* of these, at the next login */
    mfa_at_t  locked;                       /* of these, deadline over at now */
} mfa_counts_at_t;

void mfa_store_counts(mfa_op_t *op, const mfa_portal_t *portal, int64_t now,
    mfa_counts_at_t *at);

/*
 * The unenrolled by deadline, those with from < deadline <= to (a deadline of 0,
 * at once, is below all others).  First where they stand; with a login after and
 * its deadline, where to go on behind it.
 */
typedef struct {
    mfa_at_t   first;
    mfa_at_t   end;
    mfa_at_t   after;                       /* -1: not asked for */
    mfa_at_t   group;
    mfa_at_t   group_end;
} mfa_ranks_at_t;

void mfa_store_deadline_ranks(mfa_op_t *op, const mfa_portal_t *portal,
    int64_t from, int64_t to, mfa_str_t after, int64_t deadline,
    mfa_ranks_at_t *at);
/* The rank to go on from and the one to stop before; 0 or -1. */
int mfa_store_deadline_ranks_result(const mfa_op_t *op,
    const mfa_result_t *result, const mfa_ranks_at_t *at, int64_t *rank,
    int64_t *first, int64_t *end);
/* Then n of them from a rank on: login, deadline, login, deadline. */
mfa_at_t mfa_store_deadline_page(mfa_op_t *op, const mfa_portal_t *portal,
    int64_t rank, int64_t n);

/* The fields a row of a list is made of; decode with MFA_ACCOUNT_ROW_N. */
mfa_at_t mfa_store_row_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);

/* --- what the indexes were made from --- */

/* Puts an account into all indexes as it stands, in a transaction of its own;
   the account must be watched.  words are its entries. */
void mfa_store_reindex(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_account_t *account, int required, const mfa_search_t *words);
/* Notes the portal's rule that all are indexed by; begin: with the first
   account, unless there is a note.  Reads it. */
void mfa_store_indexed_set(mfa_op_t *op, const mfa_portal_t *portal, int begin);
mfa_at_t mfa_store_indexed_read(mfa_op_t *op, const mfa_portal_t *portal);
/* MFA_NO: they are indexed by another rule than holds now. */
mfa_tri_e mfa_store_indexed_result(const mfa_op_t *op,
    const mfa_result_t *result, mfa_at_t at, const mfa_portal_t *portal);

#endif /* MFA_STORE_LIST_H */
