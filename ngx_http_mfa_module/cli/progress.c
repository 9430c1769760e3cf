/*
 * A bar on the terminal, see progress.h.
 */

#include "cli/progress.h"
#include "cli/connect.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WIDTH       30
#define EVERY_MSEC  100                     /* more often costs, and flickers */


void
mfactl_progress_begin(mfactl_progress_t *progress, size_t total)
{
    memset(progress, 0, sizeof(mfactl_progress_t));
    progress->on = total > 0 && isatty(STDERR_FILENO);
    progress->mixed = isatty(STDOUT_FILENO);
    progress->total = total;
}


void
mfactl_progress_step(mfactl_progress_t *progress, size_t done)
{
    int      full;
    char     bar[WIDTH + 1];
    int64_t  now;

    if (!progress->on) {
        return;
    }

    now = mfactl_connect_deadline(0);

    if (now < progress->next_msec && done < progress->total) {
        return;
    }

    progress->next_msec = now + EVERY_MSEC;
    progress->drawn = 1;
    full = (int) (done * WIDTH / progress->total);

    memset(bar, '.', WIDTH);
    memset(bar, '#', (size_t) full);
    bar[WIDTH] = '\0';

    fflush(stdout);
    fprintf(stderr, "\r[%s] %3zu%%  %zu/%zu", bar,
            done * 100 / progress->total, done, progress->total);
    fflush(stderr);
}


void
mfactl_progress_hide(mfactl_progress_t *progress)
{
    if (progress->drawn && progress->mixed) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress->drawn = 0;
    }
}


void
mfactl_progress_end(mfactl_progress_t *progress)
{
    if (progress->drawn) {
        fflush(stdout);
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}
