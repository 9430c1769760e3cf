/*
 * Events of a portal's audit: which of them are wanted, how one is told.
 */

#ifndef MFACTL_AUDIT_H
#define MFACTL_AUDIT_H

#include "cli/mfactl.h"
#include "core/token.h"

#include <jansson.h>

#define MFACTL_AUDIT_AT_ONCE  500           /* events of one question */
#define MFACTL_AUDIT_ID_MAX   48            /* "(", two numbers, "-" */

/* Which events; empty texts and 0 want all. */
typedef struct {
    mfa_str_t  login;                       /* canonical */
    mfa_str_t  event;
    mfa_str_t  result;
    int64_t    since;                       /* Unix time */
    uint8_t    room[MFA_LOGIN_MAX];         /* login is in here */
} mfactl_wanted_t;

/* An entry of the stream as an object; NULL when it has not the shape of one. */
json_t *mfactl_audit_event(const mfa_reply_t *entry);
/* Whether it is wanted; since is not looked at. */
int mfactl_audit_wanted(const mfactl_wanted_t *wanted,
    const mfa_reply_t *entry);

/*
 * Prints each wanted event behind the stream id after as it comes, a line each,
 * until the program is told to end by SIGINT or SIGTERM.  A store that goes away
 * is asked again and again.  An exit status.
 */
int mfactl_audit_follow(mfactl_t *ctl, const mfactl_wanted_t *wanted,
    mfa_str_t after);
/* One event as a line: JSON with --json.  Takes over object. */
void mfactl_audit_line(const mfactl_t *ctl, json_t *object);

#endif /* MFACTL_AUDIT_H */
