/*
 * Accounts from CSV (RFC 4180), see import.h.  The first line names the
 * columns, in any order; only login must be there.
 *
 * A field in quotes may hold commas, quotes and line ends.  A quote that is not
 * closed must not swallow the lines behind it: reading goes on with the next
 * line of the file.
 */

#include "cli/import.h"

#include <stddef.h>
#include <string.h>

#define FIELD_MAX  4096                     /* bytes in quotes */

static const struct {
    const char  *name;
    size_t       at;
} columns[] = {
    { "login",         offsetof(mfactl_import_t, login) },
    { "email",         offsetof(mfactl_import_t, email) },
    { "name",          offsetof(mfactl_import_t, name) },
    { "role",          offsetof(mfactl_import_t, role) },
    { "directory",     offsetof(mfactl_import_t, directory) },
    { "password_hash", offsetof(mfactl_import_t, hash) },
    { "require_mfa",   offsetof(mfactl_import_t, require_mfa) },
    { "grace",         offsetof(mfactl_import_t, grace) },
};

#define COLUMNS  (sizeof(columns) / sizeof(columns[0]))

typedef struct {
    uint8_t     *p;                         /* what is left of the file */
    uint8_t     *end;
    size_t       line;
    mfa_str_t    fields[COLUMNS];
    size_t       n;                         /* more than fit count too */
    const char  *refusal;                   /* of the record read last */
} csv_t;


static int
at_line_end(const csv_t *csv, const uint8_t *p)
{
    return p == csv->end || *p == '\n'
           || (*p == '\r' && p + 1 < csv->end && p[1] == '\n');
}


/* The quote that closes the field that begins at p; NULL when there is none. */
static uint8_t *
closing(const csv_t *csv, uint8_t *p)
{
    uint8_t  *limit;

    limit = csv->end - p > FIELD_MAX ? p + FIELD_MAX : csv->end;

    for ( /* void */ ; p < limit; p++) {
        if (*p == '"') {
            if (p + 1 == csv->end || p[1] != '"') {
                return p;
            }

            p++;
        }
    }

    return NULL;
}


/* A field in quotes; two of them inside are one. */
static mfa_str_t
quoted(csv_t *csv)
{
    uint8_t    *p, *to, *close;
    mfa_str_t   field;

    field = (mfa_str_t) { csv->p + 1, 0 };
    close = closing(csv, csv->p + 1);

    if (close == NULL) {
        csv->refusal = "a quote is not closed";
        return field;
    }

    to = csv->p + 1;

    for (p = to; p < close; p++) {
        p += *p == '"';
        csv->line += *p == '\n';
        *to++ = *p;
    }

    field.len = (size_t) (to - field.data);
    csv->p = close + 1;

    if (!at_line_end(csv, csv->p) && *csv->p != ',') {
        csv->refusal = "there is text behind a closing quote";
    }

    return field;
}


static mfa_str_t
plain(csv_t *csv)
{
    uint8_t  *from;

    for (from = csv->p; !at_line_end(csv, csv->p) && *csv->p != ','; csv->p++) {
        if (*csv->p == '"') {
            csv->refusal = "there is a quote inside a field without quotes";
            break;
        }
    }

    return (mfa_str_t) { from, (size_t) (csv->p - from) };
}


static void
skip_line(csv_t *csv)
{
    uint8_t  *end;

    end = csv->p < csv->end
          ? memchr(csv->p, '\n', (size_t) (csv->end - csv->p)) : NULL;
    csv->p = end != NULL ? end + 1 : csv->end;
    csv->line++;
}


/* One record; refusal says what is wrong with it. */
static void
read_record(csv_t *csv)
{
    mfa_str_t  field;

    csv->n = 0;
    csv->refusal = NULL;

    for ( ;; ) {
        field = csv->p < csv->end && *csv->p == '"' ? quoted(csv) : plain(csv);

        if (csv->n < COLUMNS) {
            csv->fields[csv->n] = field;
        }

        csv->n++;

        if (csv->refusal != NULL || at_line_end(csv, csv->p)) {
            break;
        }

        csv->p++;                           /* the comma */
    }

    skip_line(csv);
}


static int
refuse(mfa_buf_t *why, const char *what, mfa_str_t field)
{
    mfa_buf_cstr(why, what);

    if (field.len <= 64) {
        mfa_buf_cstr(why, " \"");
        mfa_buf_str(why, field);
        mfa_buf_cstr(why, "\"");
    }

    return -1;
}


static int
unknown(mfa_buf_t *why, mfa_str_t field)
{
    size_t  k;

    (void) refuse(why, "unknown column", field);
    mfa_buf_cstr(why, ", known are");

    for (k = 0; k < COLUMNS; k++) {
        mfa_buf_cstr(why, k ? ", " : " ");
        mfa_buf_cstr(why, columns[k].name);
    }

    return -1;
}


/* Which column of the table each field of a line is. */
static int
read_header(csv_t *csv, size_t *order, mfa_buf_t *why)
{
    size_t    i, k;
    unsigned  seen;

    seen = 0;
    read_record(csv);

    if (csv->refusal != NULL || csv->n > COLUMNS) {
        mfa_buf_cstr(why, "the first line names no columns");
        return -1;
    }

    for (i = 0; i < csv->n; i++) {
        for (k = 0; k < COLUMNS; k++) {
            if (mfa_str_is(csv->fields[i], columns[k].name)) {
                break;
            }
        }

        if (k == COLUMNS) {
            return unknown(why, csv->fields[i]);
        }

        if (seen & (1u << k)) {
            return refuse(why, "two columns are", csv->fields[i]);
        }

        seen |= 1u << k;
        order[i] = k;
    }

    if (!(seen & 1u)) {
        mfa_buf_cstr(why, "there is no column \"login\"");
        return -1;
    }

    return 0;
}


static void
take(mfactl_import_t *entry, const csv_t *csv, const size_t *order, size_t n)
{
    size_t  i;

    if (csv->refusal != NULL) {
        entry->refusal = csv->refusal;
        return;
    }

    if (csv->n != n) {
        entry->refusal = csv->n < n ? "there are too few fields"
                                    : "there are too many fields";
        return;
    }

    for (i = 0; i < n; i++) {
        *(mfa_str_t *) ((char *) entry + columns[order[i]].at) = csv->fields[i];
    }
}


int
mfactl_import_csv(mfactl_imports_t *entries, mfactl_file_t *file,
    mfa_buf_t *why)
{
    csv_t   csv;
    size_t  order[COLUMNS], n, line;

    memset(&csv, 0, sizeof(csv));
    csv.p = file->data;
    csv.end = file->data + file->len;
    csv.line = 1;

    /* The mark some programs put in front of UTF-8. */
    if (mfa_str_begins((mfa_str_t) { file->data, file->len }, "\xef\xbb\xbf")) {
        csv.p += 3;
    }

    if (read_header(&csv, order, why) != 0) {
        return -1;
    }

    n = csv.n;

    while (csv.p < csv.end) {
        line = csv.line;

        if (at_line_end(&csv, csv.p)) {
            skip_line(&csv);

        } else {
            read_record(&csv);
            take(mfactl_imports_add(entries, line), &csv, order, n);
        }
    }

    return 0;
}
