/*
 * Metrics, see meter.h.
 */

#include "core/meter.h"

#define LINE_MAX   160                      /* bytes, without a portal's name */
#define LINES_MAX  96                       /* beside those of portals */

/* Bounds in usec, and as they are written. */
typedef struct {
    uint64_t     usec;
    const char  *text;
} bound_t;

static const bound_t  bounds[2][MFA_METER_BOUNDS] = {
    {
        { 500, "0.0005" }, { 1000, "0.001" }, { 2500, "0.0025" },
        { 5000, "0.005" }, { 10000, "0.01" }, { 25000, "0.025" },
        { 50000, "0.05" }, { 100000, "0.1" }, { 250000, "0.25" },
        { 1000000, "1" }
    }, {
        { 10000, "0.01" }, { 25000, "0.025" }, { 50000, "0.05" },
        { 100000, "0.1" }, { 250000, "0.25" }, { 500000, "0.5" },
        { 1000000, "1" }, { 2500000, "2.5" }, { 5000000, "5" },
        { 10000000, "10" }
    }
};

/* A family of one number, or of a few with a label. */
typedef struct {
    const char  *name;
    const char  *type;
    const char  *help;
    mfa_meter_e  first;
    const char  *labels[2];                 /* in braces; NULL: none */
} family_t;

static const family_t  families[] = {
    { "mfa_cache_hits_total", "counter",
      "Times a worker remembered a session and its account.",
      MFA_METER_CACHE_HITS, { NULL, NULL } },
    { "mfa_cache_misses_total", "counter",
      "Sessions that a worker with an open cache had to ask for.",
      MFA_METER_CACHE_MISSES, { NULL, NULL } },
    { "mfa_cache_bypassed_total", "counter",
      "Sessions that were asked for because the cache was closed.",
      MFA_METER_CACHE_BYPASSED, { NULL, NULL } },
    { "mfa_cache_invalidations_total", "counter",
      "Changes that the store has told the caches of.",
      MFA_METER_CACHE_INVALIDATIONS, { NULL, NULL } },
    { "mfa_cache_evictions_total", "counter",
      "Cache entries that made room for others.",
      MFA_METER_CACHE_EVICTIONS, { NULL, NULL } },
    { "mfa_cache_entries", "gauge", "Cache entries of all workers.",
      MFA_METER_CACHE_ENTRIES, { NULL, NULL } },
    { "mfa_cache_capacity", "gauge", "Cache entries there is room for.",
      MFA_METER_CACHE_CAPACITY, { NULL, NULL } },
    { "mfa_cache_open", "gauge", "Workers whose cache is in use.",
      MFA_METER_CACHE_OPEN, { NULL, NULL } },
    { "mfa_store_calls_total", "counter",
      "Calls to the store that were answered, and that were not.",
      MFA_METER_STORE_OK,
      { "{result=\"ok\"}", "{result=\"failed\"}" } },
    { "mfa_store_in_flight", "gauge", "Calls to the store under way.",
      MFA_METER_STORE_IN_FLIGHT, { NULL, NULL } },
    { "mfa_store_connects_total", "counter",
      "Connections to the store that were begun.",
      MFA_METER_STORE_CONNECTS, { NULL, NULL } },
    { "mfa_hash_running", "gauge", "Passwords being hashed.",
      MFA_METER_HASH_RUNNING, { NULL, NULL } },
    { "mfa_hash_waiting", "gauge", "Passwords waiting to be hashed.",
      MFA_METER_HASH_WAITING, { NULL, NULL } },
    { "mfa_hash_refused_total", "counter",
      "Passwords that were not hashed because too many were waiting.",
      MFA_METER_HASH_REFUSED, { NULL, NULL } },
};


size_t
mfa_meter_length(size_t n_portals)
{
    return MFA_METER_PORTALS + n_portals * MFA_METER_PORTAL_N;
}


static const bound_t *
bounds_of(size_t histogram)
{
    return bounds[histogram != MFA_METER_STORE_TIME];
}


size_t
mfa_meter_time(size_t histogram, uint64_t usec)
{
    size_t          i;
    const bound_t  *bound;

    bound = bounds_of(histogram);

    for (i = 0; i < MFA_METER_BOUNDS && usec > bound[i].usec; i++) {
        /* void */
    }

    return histogram + i;
}


const char *
mfa_trying_name(mfa_trying_e trying)
{
    switch (trying) {
    case MFA_TRYING_PASSWORD:
        return "password";
    case MFA_TRYING_IDENTITY:
        return "identity";
    case MFA_TRYING_CODE:
        return "code";
    case MFA_TRYING_ENROL:
        return "enrol";
    case MFA_TRYING_VALIDATE:
        return "validate";
    case MFA_TRYING_VERIFY:
        return "verify";
    default:
        return "nothing";
    }
}


/* --- text --- */

static void
number(mfa_buf_t *out, uint64_t n)
{
    mfa_buf_byte(out, ' ');
    mfa_buf_int(out, (int64_t) n);
    mfa_buf_byte(out, '\n');
}


/* Seconds, to the microsecond. */
static void
seconds(mfa_buf_t *out, int64_t usec)
{
    int64_t  digit, rest;

    mfa_buf_byte(out, ' ');

    if (usec < 0) {
        mfa_buf_byte(out, '-');
        usec = -usec;
    }

    mfa_buf_int(out, usec / 1000000);
    mfa_buf_byte(out, '.');
    rest = usec % 1000000;

    for (digit = 100000; digit; digit /= 10) {
        mfa_buf_byte(out, (uint8_t) ('0' + rest / digit % 10));
    }

    mfa_buf_byte(out, '\n');
}


static void
head(mfa_buf_t *out, const char *name, const char *type, const char *help)
{
    mfa_buf_cstr(out, "# HELP ");
    mfa_buf_cstr(out, name);
    mfa_buf_byte(out, ' ');
    mfa_buf_cstr(out, help);
    mfa_buf_cstr(out, "\n# TYPE ");
    mfa_buf_cstr(out, name);
    mfa_buf_byte(out, ' ');
    mfa_buf_cstr(out, type);
    mfa_buf_byte(out, '\n');
}


/* A label's value, as the format wants it escaped. */
static void
value(mfa_buf_t *out, mfa_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '\n') {
            mfa_buf_cstr(out, "\\n");
            continue;
        }

        if (s.data[i] == '\\' || s.data[i] == '"') {
            mfa_buf_byte(out, '\\');
        }

        mfa_buf_byte(out, s.data[i]);
    }
}


static void
family(mfa_buf_t *out, const mfa_meter_told_t *told, const family_t *f)
{
    size_t  i;

    head(out, f->name, f->type, f->help);

    for (i = 0; i == 0 || (i < 2 && f->labels[i]); i++) {
        mfa_buf_cstr(out, f->name);
        mfa_buf_cstr(out, f->labels[i] ? f->labels[i] : "");
        number(out, told->n[f->first + i]);
    }
}


/* The counts of a histogram are told added up from below. */
static void
histogram(mfa_buf_t *out, const mfa_meter_told_t *told, size_t first,
    const char *name, const char *help)
{
    size_t          i;
    uint64_t        sum;
    const bound_t  *bound;

    sum = 0;
    bound = bounds_of(first);
    head(out, name, "histogram", help);

    for (i = 0; i <= MFA_METER_BOUNDS; i++) {
        sum += told->n[first + i];

        mfa_buf_cstr(out, name);
        mfa_buf_cstr(out, "_bucket{le=\"");
        mfa_buf_cstr(out, i < MFA_METER_BOUNDS ? bound[i].text : "+Inf");
        mfa_buf_cstr(out, "\"}");
        number(out, sum);
    }

    mfa_buf_cstr(out, name);
    mfa_buf_cstr(out, "_sum");
    seconds(out, (int64_t) told->n[first + MFA_METER_BOUNDS + 1]);
    mfa_buf_cstr(out, name);
    mfa_buf_cstr(out, "_count");
    number(out, sum);
}


static void
of_portal(mfa_buf_t *out, const char *name, mfa_str_t portal, const char *label,
    const char *word)
{
    mfa_buf_cstr(out, name);
    mfa_buf_cstr(out, "{portal=\"");
    value(out, portal);
    mfa_buf_cstr(out, "\",");
    mfa_buf_cstr(out, label);
    mfa_buf_cstr(out, "=\"");
    mfa_buf_cstr(out, word);
}


static void
verdicts(mfa_buf_t *out, const mfa_meter_told_t *told)
{
    size_t           i, report;
    mfa_verdict_e    verdict;
    const uint64_t  *n;

    static const char  name[] = "mfa_verdicts_total";

    head(out, name, "counter",
         "Verdicts of the gate; with report=\"1\" nobody was stopped.");

    for (i = 0; i < told->n_portals; i++) {
        n = told->n + MFA_METER_PORTALS + i * MFA_METER_PORTAL_N;

        for (verdict = 0; verdict < MFA_METER_VERDICTS; verdict++) {
            for (report = 0; report < 2; report++) {
                of_portal(out, name, told->portals[i], "verdict",
                          mfa_verdict_name(verdict));
                mfa_buf_cstr(out, report ? "\",report=\"1\"}"
                                         : "\",report=\"0\"}");
                number(out, n[mfa_meter_verdict(verdict, report)]);
            }
        }
    }
}


static void
attempts(mfa_buf_t *out, const mfa_meter_told_t *told)
{
    size_t           i;
    mfa_trying_e     trying;
    mfa_outcome_e    outcome;
    const uint64_t  *n;

    static const char  name[] = "mfa_attempts_total";

    head(out, name, "counter",
         "What people tried at the pages and at other resources, by result.");

    for (i = 0; i < told->n_portals; i++) {
        n = told->n + MFA_METER_PORTALS + i * MFA_METER_PORTAL_N;

        for (trying = MFA_TRYING_PASSWORD; trying < MFA_TRYING_N; trying++) {
            for (outcome = 0; outcome < MFA_METER_OUTCOMES; outcome++) {
                of_portal(out, name, told->portals[i], "kind",
                          mfa_trying_name(trying));
                mfa_buf_cstr(out, "\",result=\"");
                mfa_buf_cstr(out, mfa_outcome_name(outcome));
                mfa_buf_cstr(out, "\"}");
                number(out, n[mfa_meter_trying(trying, outcome)]);
            }
        }
    }
}


size_t
mfa_meter_text_max(const mfa_meter_told_t *told)
{
    size_t  i, len;

    len = LINES_MAX * LINE_MAX;

    for (i = 0; i < told->n_portals; i++) {
        len += MFA_METER_PORTAL_N * (LINE_MAX + 2 * told->portals[i].len);
    }

    return len;
}


void
mfa_meter_text(mfa_buf_t *out, const mfa_meter_told_t *told)
{
    size_t  i;

    head(out, "mfa_build_info", "gauge", "The version of the module.");
    mfa_buf_cstr(out, "mfa_build_info{version=\"");
    value(out, mfa_str_from(told->version));
    mfa_buf_cstr(out, "\"} 1\n");

    head(out, "mfa_store_up", "gauge",
         "Whether the store has answered just now.");
    mfa_buf_cstr(out, "mfa_store_up");
    number(out, told->store != 0);

    if (told->store) {
        head(out, "mfa_clock_skew_seconds", "gauge",
             "The clock of the store less that of this machine.");
        mfa_buf_cstr(out, "mfa_clock_skew_seconds");
        seconds(out, told->skew_usec);
    }

    for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        family(out, told, &families[i]);
    }

    histogram(out, told, MFA_METER_STORE_TIME, "mfa_store_call_seconds",
              "From sending a call to its last reply.");
    histogram(out, told, MFA_METER_HASH_TIME, "mfa_hash_seconds",
              "From a password to its hash, with the time it waited.");
    verdicts(out, told);
    attempts(out, told);
}
