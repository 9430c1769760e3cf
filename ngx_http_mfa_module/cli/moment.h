/*
 * Moments given on the command line: a date, or a time before or after now.
 */

#ifndef MFACTL_MOMENT_H
#define MFACTL_MOMENT_H

#include "cli/mfactl.h"

typedef enum {
    MFACTL_MOMENT_AGO = -1,                 /* 7d: a week before now */
    MFACTL_MOMENT_AHEAD = 1
} mfactl_moment_e;

/*
 * Reads an option that was given: YYYY-MM-DD (its midnight, UTC) or a time such
 * as 7d.  0 and *unix_sec, or -1, said.
 */
int mfactl_moment(const mfactl_t *ctl, mfactl_option_e option,
    mfactl_moment_e way, int64_t now, int64_t *unix_sec);

#endif /* MFACTL_MOMENT_H */
