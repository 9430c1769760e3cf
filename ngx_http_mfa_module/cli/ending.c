/*
 * Being told to end, see ending.h.
 */

#include "cli/ending.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#define SLICE_MSEC  500                     /* a signal just before a pause is
                                               seen as late as this */

static volatile sig_atomic_t  ending;


static void
end(int signal_number)
{
    (void) signal_number;
    ending = 1;
}


void
mfactl_ending_begin(void)
{
    struct sigaction  action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = end;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}


int
mfactl_ending(void)
{
    return ending != 0;
}


void
mfactl_ending_pause(int64_t msec)
{
    int64_t          slice;
    struct timespec  pause;

    for ( ; msec > 0 && !ending; msec -= slice) {
        slice = msec < SLICE_MSEC ? msec : SLICE_MSEC;
        pause.tv_sec = 0;
        pause.tv_nsec = slice * 1000000L;
        nanosleep(&pause, NULL);
    }
}
