/*
 * What mfactl says, see print.h.
 */

#include "cli/print.h"
#include "core/duration.h"
#include "core/visible.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define COLUMNS_MAX  16


json_t *
mfactl_print_need(json_t *value)
{
    if (value == NULL) {
        fputs("mfactl: out of memory\n", stderr);
        exit(MFACTL_REFUSED);
    }

    return value;
}


/* Appends s to out, never longer than it was. */
static void
clean(mfa_buf_t *out, mfa_str_t s)
{
    mfa_str_t   c;
    mfa_char_e  kind;

    while (s.len) {
        kind = mfa_char_take(&s, &c);

        if (kind == MFA_CHAR_NONE || kind == MFA_CHAR_HIDDEN) {
            mfa_buf_byte(out, '?');
        } else {
            mfa_buf_str(out, c);
        }
    }
}


json_t *
mfactl_print_text(mfa_str_t s)
{
    json_t     *text;
    uint8_t    *room;
    mfa_buf_t   out;

    if (s.len == 0) {
        return json_null();
    }

    room = malloc(s.len);

    if (room == NULL) {
        return mfactl_print_need(NULL);
    }

    mfa_buf_init(&out, room, s.len);
    clean(&out, s);
    text = json_stringn((const char *) out.data, out.len);
    free(room);

    return mfactl_print_need(text);
}


json_t *
mfactl_print_time(int64_t unix_sec)
{
    uint8_t    room[32];
    mfa_buf_t  out;

    if (unix_sec <= 0) {
        return json_null();
    }

    mfa_buf_init(&out, room, sizeof(room));
    mfa_timestamp_make(&out, unix_sec);

    return mfactl_print_text(mfa_buf_since(&out, 0));
}


/* A value as a person reads it; room is for numbers.  NULL: no such key. */
static const char *
readable(const json_t *value, char *room, size_t cap)
{
    switch (value != NULL ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        return json_string_value(value);
    case JSON_TRUE:
        return "yes";
    case JSON_FALSE:
        return "no";
    case JSON_INTEGER:
        snprintf(room, cap, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return room;
    default:
        return "-";
    }
}


/* Characters, not bytes; wide ones are not counted as such. */
static int
width(const char *s)
{
    int  n;

    for (n = 0; *s; s++) {
        n += ((unsigned char) *s & 0xc0) != 0x80;
    }

    return n;
}


static void
print_cell(const char *text, int wide, int last)
{
    int  n;

    fputs(text, stdout);

    for (n = width(text); !last && n < wide + 2; n++) {
        putchar(' ');
    }
}


static int
column_width(json_t *rows, const mfactl_column_t *column)
{
    int      n, wide;
    char     room[32];
    size_t   i;
    json_t  *row;

    wide = width(column->head);

    json_array_foreach(rows, i, row) {
        n = width(readable(json_object_get(row, column->key), room,
                           sizeof(room)));
        wide = n > wide ? n : wide;
    }

    return wide;
}


static void
print_table(json_t *rows, const mfactl_column_t *columns)
{
    int      wide[COLUMNS_MAX];
    char     room[32];
    size_t   i, c, n;
    json_t  *row;

    for (n = 0; n < COLUMNS_MAX && columns[n].key != NULL; n++) {
        wide[n] = column_width(rows, &columns[n]);
        print_cell(columns[n].head, wide[n], columns[n + 1].key == NULL);
    }

    putchar('\n');

    json_array_foreach(rows, i, row) {
        for (c = 0; c < n; c++) {
            print_cell(readable(json_object_get(row, columns[c].key), room,
                                sizeof(room)), wide[c], c + 1 == n);
        }

        putchar('\n');
    }
}


static void
print_lines(json_t *object)
{
    int          wide;
    char         room[32];
    json_t      *value;
    const char  *key;

    wide = 0;

    json_object_foreach(object, key, value) {
        wide = width(key) > wide ? width(key) : wide;
    }

    json_object_foreach(object, key, value) {
        print_cell(key, wide, 0);
        print_cell(readable(value, room, sizeof(room)), 0, 1);
        putchar('\n');
    }
}


static void
print_json(const json_t *doc)
{
    json_dumpf(doc, stdout, JSON_INDENT(2));
    putchar('\n');
}


void
mfactl_print(const mfactl_t *ctl, json_t *doc, const char *key,
    const mfactl_column_t *columns)
{
    if (ctl->json) {
        print_json(doc);

    } else if (key != NULL) {
        print_table(json_object_get(doc, key), columns);

    } else {
        print_lines(doc);
    }

    json_decref(doc);
}


void
mfactl_print_note(mfa_str_t line)
{
    uint8_t    room[1024];
    mfa_buf_t  out;

    if (line.len > sizeof(room)) {
        line.len = sizeof(room);
    }

    mfa_buf_init(&out, room, sizeof(room));
    clean(&out, line);
    fprintf(stderr, "mfactl: %.*s\n", (int) out.len, (const char *) room);
}


int
mfactl_print_error(const mfactl_t *ctl, int status, const char *format, ...)
{
    char      line[1024];
    json_t   *doc;
    va_list   args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);

    mfactl_print_note(mfa_str_from(line));

    if (ctl->json) {
        doc = mfactl_print_need(json_object());
        json_object_set_new(doc, "error",
                            mfactl_print_text(mfa_str_from(line)));
        print_json(doc);
        json_decref(doc);
    }

    return status;
}


static const char *
store_why(const mfactl_t *ctl)
{
    return ctl->drive.why[0] ? ctl->drive.why : "an answer of no use";
}


int
mfactl_print_unavailable(const mfactl_t *ctl)
{
    return mfactl_print_error(ctl, MFACTL_UNAVAILABLE, "store at %.*s: %s",
                              (int) ctl->conf.endpoint.address.len,
                              (const char *) ctl->conf.endpoint.address.data,
                              store_why(ctl));
}


void
mfactl_print_unavailable_note(const mfactl_t *ctl, const char *then)
{
    char  line[512];

    snprintf(line, sizeof(line), "store at %.*s: %s; %s",
             (int) ctl->conf.endpoint.address.len,
             (const char *) ctl->conf.endpoint.address.data, store_why(ctl),
             then);
    mfactl_print_note(mfa_str_from(line));
}
