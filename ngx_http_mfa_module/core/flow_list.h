/*
 * Flow list: a page of accounts, by cursor.  However many accounts there are, a
 * page takes at most 2 operations for the index and one for every
 * MFA_LIST_AT_ONCE rows.
 *
 * Rows are accounts as they are now: whoever has left the list meanwhile is left
 * out, so a page may hold fewer rows than asked for, even none, and still have a
 * next one.  Nothing here asks who is looking: MFA_RIGHT_LOOK is the caller's.
 */

#ifndef MFA_FLOW_LIST_H
#define MFA_FLOW_LIST_H

#include "core/flow.h"
#include "core/standing.h"
#include "core/store_list.h"

#define MFA_LIST_ROWS_MAX   30
#define MFA_LIST_AT_ONCE    10              /* what one operation has room for */
#define MFA_LIST_CURSOR_MAX 320             /* characters of a cursor */

typedef enum {
    MFA_ROWS_ALL = 0,                       /* by login */
    MFA_ROWS_REQUIRED,                      /* by login */
    MFA_ROWS_NOT_REQUIRED,                  /* by login */
    MFA_ROWS_ENROLLED,                      /* by login */
    MFA_ROWS_UNENROLLED,                    /* by deadline */
    MFA_ROWS_DUE,                           /* by login: at the next login */
    MFA_ROWS_GRACE,                         /* by deadline: days left */
    MFA_ROWS_LOCKED,                        /* by deadline: over */
    MFA_ROWS_FORECAST                       /* by deadline: over at until, and
                                               not yet over now */
} mfa_rows_e;

typedef struct {
    mfa_flow_t      flow;                   /* first: the flow is this */

    /* Set by the caller. */
    mfa_rows_e      rows_of;
    int64_t         until;                  /* FORECAST: Unix time */
    mfa_str_t       search;                 /* typed by somebody; empty: none.
                                               Then by what is found, and
                                               rows_of only leaves out */
    mfa_str_t       cursor;                 /* next of the page before; empty:
                                               from the first */
    size_t          n;                      /* rows wanted, 1..ROWS_MAX */

    /* Results. */
    mfa_account_t   rows[MFA_LIST_ROWS_MAX];/* secret and password: not to show */
    mfa_standing_t  standings[MFA_LIST_ROWS_MAX];
    size_t          n_rows;
    mfa_str_t       next;                   /* [A-Za-z0-9_-]; empty: the end */
    int64_t         total;                  /* by deadline: how many there are in
                                               the whole list; else -1 */

    /* The flow's own. */
    mfa_str_t       typed;
    mfa_str_t       after;
    int64_t         after_deadline;
    int64_t         limit;                  /* entries asked for */
    int64_t         end;                    /* rank to stop before */
    mfa_ranks_at_t  ranks;
    mfa_at_t        page_at;
    mfa_at_t        at[MFA_LIST_AT_ONCE];
    mfa_str_t       logins[MFA_LIST_ROWS_MAX];
    mfa_str_t       entries[MFA_LIST_ROWS_MAX];
    size_t          n_logins;
    mfa_str_t       last;                   /* member the page ends with */
    mfa_str_t       last_deadline;
    int             more;                   /* there is one behind it */
    size_t          n_read;
    size_t          n_asked;
    mfa_search_t    words;
    uint8_t         typed_room[MFA_SEARCH_WORD_MAX];
    uint8_t         after_room[MFA_LIST_CURSOR_MAX];
    uint8_t         next_room[MFA_LIST_CURSOR_MAX];
} mfa_flow_list_t;

/*
 * Prepares a flow; the caller sets env and what is above.  Outcomes: DONE;
 * REFUSED (a cursor that is none, n out of range); UNAVAILABLE.
 */
void mfa_flow_list_init(mfa_flow_list_t *list);

/* "all", "required", "not-required", "enrolled", "unenrolled", "grace",
   "due", "locked", "forecast"; and the list of a name, or -1. */
const char *mfa_rows_name(mfa_rows_e rows);
int mfa_rows_find(mfa_str_t name);

#endif /* MFA_FLOW_LIST_H */
