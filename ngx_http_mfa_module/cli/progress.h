/*
 * A bar on the terminal for what takes long; nothing where stderr is none.
 */

#ifndef MFACTL_PROGRESS_H
#define MFACTL_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    int      on;
    int      mixed;                         /* stdout is the same terminal */
    int      drawn;
    size_t   total;
    int64_t  next_msec;                     /* not before */
} mfactl_progress_t;

void mfactl_progress_begin(mfactl_progress_t *progress, size_t total);
/* How many are done; draws now and then. */
void mfactl_progress_step(mfactl_progress_t *progress, size_t done);
/* Before something is printed: takes the bar away where it would be in the
   way. */
void mfactl_progress_hide(mfactl_progress_t *progress);
void mfactl_progress_end(mfactl_progress_t *progress);

#endif /* MFACTL_PROGRESS_H */
