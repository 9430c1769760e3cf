/*
 * mfactl audit: the newest events of a portal, the newest last.
 */

#include "cli/print.h"
#include "core/store.h"

#include <string.h>

#define EVENTS_DEFAULT  20
#define EVENTS_MAX      100000              /* what a stream keeps, about */
#define AT_ONCE         500                 /* events of one question */
#define ID_MAX          48                  /* "(", two numbers, "-" */


/* An id begins with milliseconds. */
static int64_t
time_of(mfa_str_t id)
{
    int64_t    msec;
    mfa_str_t  head, rest;

    mfa_str_cut(id, '-', &head, &rest);

    return mfa_str_int(head, &msec) == 0 ? msec / 1000 : 0;
}


/* An event as an object, NULL when it has not the shape of one. */
static json_t *
event(const mfa_reply_t *entry)
{
    char                name[32];
    size_t              i;
    json_t             *object;
    const mfa_reply_t  *id, *fields;

    if (entry->type != MFA_REPLY_ARRAY || entry->n != 2) {
        return NULL;
    }

    id = &entry->elements[0];
    fields = &entry->elements[1];

    if (id->type != MFA_REPLY_STRING || id->str.len > ID_MAX - 1
        || fields->type != MFA_REPLY_ARRAY || fields->n % 2)
    {
        return NULL;
    }

    object = mfactl_print_need(json_object());
    json_object_set_new(object, "id", mfactl_print_text(id->str));
    json_object_set_new(object, "time", mfactl_print_time(time_of(id->str)));

    for (i = 0; i < fields->n; i += 2) {
        if (fields->elements[i].type != MFA_REPLY_STRING
            || fields->elements[i + 1].type != MFA_REPLY_STRING
            || fields->elements[i].str.len >= sizeof(name)
            || !mfa_str_printable(fields->elements[i].str))
        {
            continue;
        }

        memcpy(name, fields->elements[i].str.data,
               fields->elements[i].str.len);
        name[fields->elements[i].str.len] = '\0';
        json_object_set_new(object, name,
                            mfactl_print_text(fields->elements[i + 1].str));
    }

    return object;
}


/* Up to n events older than before, put in front of rows; how many came. */
static long
read_some(mfactl_t *ctl, mfa_buf_t *before, int64_t n, json_t *rows)
{
    size_t              i;
    json_t             *object;
    mfa_at_t            at;
    mfa_op_t            op;
    mfa_result_t        result;
    const mfa_reply_t  *list;

    mfa_op_reset(&op);
    at = mfa_store_audit_read(&op, ctl->portal, mfa_buf_since(before, 0), n);
    result = mfactl_drive_op(&ctl->drive, &op);
    list = mfa_op_reply(&op, &result, at);

    if (list == NULL || list->type != MFA_REPLY_ARRAY) {
        return -1;
    }

    for (i = 0; i < list->n; i++) {
        object = event(&list->elements[i]);

        if (object == NULL) {
            return -1;
        }

        json_array_append_new(rows, object);
    }

    if (i) {
        before->len = 0;
        mfa_buf_cstr(before, "(");
        mfa_buf_str(before, list->elements[i - 1].elements[0].str);
    }

    mfactl_drive_forget(&ctl->drive);

    return (long) i;
}


static int
read_all(mfactl_t *ctl, int64_t wanted, json_t *rows)
{
    long       got;
    int64_t    n;
    uint8_t    room[ID_MAX];
    mfa_buf_t  before;

    mfa_buf_init(&before, room, sizeof(room));
    mfa_buf_cstr(&before, "+");

    for ( /* void */ ; wanted > 0; wanted -= got) {
        n = wanted < AT_ONCE ? wanted : AT_ONCE;
        got = read_some(ctl, &before, n, rows);

        if (got < 0) {
            return -1;
        }

        if (got < n) {
            break;
        }
    }

    return 0;
}


/* The stream is read from its end, people read to it. */
static json_t *
reversed(json_t *rows)
{
    size_t   i;
    json_t  *turned;

    turned = mfactl_print_need(json_array());

    for (i = json_array_size(rows); i > 0; i--) {
        json_array_append(turned, json_array_get(rows, i - 1));
    }

    json_decref(rows);

    return turned;
}


int
mfactl_audit(mfactl_t *ctl)
{
    json_t   *doc, *rows;
    int64_t   n;

    static const mfactl_column_t  columns[] = {
        { "time", "TIME" }, { "event", "EVENT" }, { "result", "RESULT" },
        { "reason", "REASON" }, { "login", "LOGIN" }, { "actor", "ACTOR" },
        { "address", "ADDRESS" }, { "detail", "DETAIL" }, { NULL, NULL }
    };

    n = EVENTS_DEFAULT;

    if (mfactl_options_given(&ctl->options, MFACTL_NUMBER)
        && (mfa_str_int(mfactl_options_text(&ctl->options, MFACTL_NUMBER), &n)
            != 0 || n < 1 || n > EVENTS_MAX))
    {
        return mfactl_print_error(ctl, MFACTL_USAGE, "-n takes a number from 1"
                                  " to %d", EVENTS_MAX);
    }

    rows = mfactl_print_need(json_array());

    if (read_all(ctl, n, rows) != 0) {
        json_decref(rows);
        return mfactl_print_unavailable(ctl);
    }

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "portal", mfactl_print_text(ctl->portal->name));
    json_object_set_new(doc, "events", reversed(rows));
    mfactl_print(ctl, doc, "events", columns);

    return MFACTL_DONE;
}
