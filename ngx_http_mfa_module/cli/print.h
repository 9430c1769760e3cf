/*
 * What mfactl says.  Every result is a JSON value; it is printed as JSON with
 * --json, else as a table or as lines for people.  Texts that came from the
 * store are cleaned on their way in: no byte of them can drive a terminal.
 */

#ifndef MFACTL_PRINT_H
#define MFACTL_PRINT_H

#include "cli/mfactl.h"

#include <jansson.h>

/* Ends the program when there is no memory for value; returns it. */
json_t *mfactl_print_need(json_t *value);

/* A text, cleaned: control characters, what is no UTF-8 and what turns the
   direction of writing become '?'.  An empty text is null. */
json_t *mfactl_print_text(mfa_str_t s);
/* A Unix time as RFC 3339; 0 and less: null. */
json_t *mfactl_print_time(int64_t unix_sec);

/* A row of a table: a key of the objects, and the column's head. */
typedef struct {
    const char  *key;
    const char  *head;
} mfactl_column_t;

/*
 * Prints doc as JSON, or the array of objects under key (NULL: doc itself, an
 * object, as lines "key  value").  columns ends with a NULL key.  Takes over
 * doc.
 */
void mfactl_print(const mfactl_t *ctl, json_t *doc, const char *key,
    const mfactl_column_t *columns);

/* Says to stderr, and as JSON's "error" to stdout, what went wrong; returns
   status. */
int mfactl_print_error(const mfactl_t *ctl, int status, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* The same for the store that does not answer; returns MFACTL_UNAVAILABLE. */
int mfactl_print_unavailable(const mfactl_t *ctl);
/* The same as a note to stderr, with what is done about it. */
void mfactl_print_unavailable_note(const mfactl_t *ctl, const char *then);

/* A line to stderr, cleaned, behind "mfactl: ". */
void mfactl_print_note(mfa_str_t line);

#endif /* MFACTL_PRINT_H */
