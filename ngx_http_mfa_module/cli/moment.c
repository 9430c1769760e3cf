/*
 * Moments given on the command line, see moment.h.
 */

#include "cli/moment.h"
#include "cli/print.h"
#include "core/duration.h"


int
mfactl_moment(const mfactl_t *ctl, mfactl_option_e option, mfactl_moment_e way,
    int64_t now, int64_t *unix_sec)
{
    int64_t    span;
    mfa_str_t  text;

    text = mfactl_options_text(&ctl->options, option);

    if (mfa_date_parse(text, unix_sec) == 0) {
        return 0;
    }

    if (mfa_duration_parse(text, &span) == 0) {
        *unix_sec = now + way * span;
        return 0;
    }

    mfactl_print_error(ctl, MFACTL_USAGE, "%s \"%s\" is neither a date like"
                       " 2026-10-01 nor a time like 7d",
                       mfactl_options_name(option), (const char *) text.data);
    return -1;
}
