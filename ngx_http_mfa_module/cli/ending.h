/*
 * Programs that go on until they are told to end, by SIGINT or SIGTERM: what is
 * begun is finished, nothing new is begun.
 */

#ifndef MFACTL_ENDING_H
#define MFACTL_ENDING_H

#include <stdint.h>

/* From now on these signals are only noted. */
void mfactl_ending_begin(void);
/* Whether one came. */
int mfactl_ending(void);
/* Waits so long, or until one comes. */
void mfactl_ending_pause(int64_t msec);

#endif /* MFACTL_ENDING_H */
