/*
 * What is counted, and how it is told to Prometheus.
 *
 * Counters and gauges are a row of numbers: those of the worker first, then a
 * block for each portal.  Whoever counts adds to a place in it, whoever reads adds
 * up the rows of all workers.  No login, no address and no secret is ever in it.
 *
 *   0                              counters
 *   MFA_METER_STORE_TIME, _HASH_TIME   histograms: counts, then the sum in usec
 *   MFA_METER_GAUGES               gauges
 *   MFA_METER_PORTALS + i * MFA_METER_PORTAL_N   of portal i:
 *                                  verdicts, stopped and only reported; attempts
 */

#ifndef MFA_METER_H
#define MFA_METER_H

#include "core/flow.h"

#define MFA_METER_BOUNDS    10              /* of a histogram, without +Inf */
#define MFA_METER_TIME_N    (MFA_METER_BOUNDS + 2)
#define MFA_METER_VERDICTS  (MFA_VERDICT_ALLOW + 1)
#define MFA_METER_OUTCOMES  (MFA_OUTCOME_DONE + 1)
#define MFA_METER_PORTAL_N  (2 * MFA_METER_VERDICTS                           \
                             + MFA_TRYING_N * MFA_METER_OUTCOMES)

typedef enum {
    MFA_METER_CACHE_HITS = 0,
    MFA_METER_CACHE_MISSES,
    MFA_METER_CACHE_BYPASSED,
    MFA_METER_CACHE_INVALIDATIONS,
    MFA_METER_CACHE_EVICTIONS,
    MFA_METER_STORE_OK,
    MFA_METER_STORE_FAILED,
    MFA_METER_STORE_CONNECTS,
    MFA_METER_HASH_REFUSED,
    MFA_METER_STORE_TIME,
    MFA_METER_HASH_TIME = MFA_METER_STORE_TIME + MFA_METER_TIME_N,
    MFA_METER_GAUGES = MFA_METER_HASH_TIME + MFA_METER_TIME_N,
    MFA_METER_CACHE_ENTRIES = MFA_METER_GAUGES,
    MFA_METER_CACHE_CAPACITY,
    MFA_METER_CACHE_OPEN,
    MFA_METER_STORE_IN_FLIGHT,
    MFA_METER_HASH_RUNNING,
    MFA_METER_HASH_WAITING,
    MFA_METER_PORTALS
} mfa_meter_e;

/* Places in a portal's block. */
#define mfa_meter_verdict(verdict, report)                                    \
    (2 * (size_t) (verdict) + (report))
#define mfa_meter_trying(trying, outcome)                                     \
    (2 * MFA_METER_VERDICTS                                                   \
     + (size_t) (trying) * MFA_METER_OUTCOMES + (size_t) (outcome))

/* What is told beside the numbers. */
typedef struct {
    const char       *version;
    const uint64_t   *n;                    /* all rows added up */
    const mfa_str_t  *portals;              /* names */
    size_t            n_portals;
    int               store;                /* whether it answered now */
    int64_t           skew_usec;            /* with store */
} mfa_meter_told_t;

/* How many numbers a row has. */
size_t mfa_meter_length(size_t n_portals);

/* The place in a histogram (MFA_METER_STORE_TIME or _HASH_TIME) for a duration;
   its sum is MFA_METER_BOUNDS + 1 behind the histogram's first. */
size_t mfa_meter_time(size_t histogram, uint64_t usec);

/* "password", "code", ...: what was tried. */
const char *mfa_trying_name(mfa_trying_e trying);

/* How large a text can be at most, and the text (exposition format 0.0.4). */
size_t mfa_meter_text_max(const mfa_meter_told_t *told);
void mfa_meter_text(mfa_buf_t *out, const mfa_meter_told_t *told);

#endif /* MFA_METER_H */
