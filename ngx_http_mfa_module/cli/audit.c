/*
 * mfactl audit: the newest events of a portal, the newest last; those that come
 * are audit_follow.c's.
 */

#include "cli/audit.h"
#include "cli/moment.h"
#include "cli/print.h"
#include "core/store.h"

#include <string.h>
#include <time.h>

#define EVENTS_DEFAULT  20
#define EVENTS_MAX      100000              /* what a stream keeps, about */

typedef struct {
    const mfactl_wanted_t  *wanted;
    int64_t                 n;              /* still to be found */
    json_t                 *rows;           /* the newest first */
    mfa_buf_t               before;         /* where to read on */
    int                     over;           /* nothing older is wanted */
    mfa_buf_t               newest;         /* id of the newest of all */
} reading_t;


/* An id begins with milliseconds. */
static int64_t
time_of(mfa_str_t id)
{
    int64_t    msec;
    mfa_str_t  head, rest;

    mfa_str_cut(id, '-', &head, &rest);

    return mfa_str_int(head, &msec) == 0 ? msec / 1000 : 0;
}


json_t *
mfactl_audit_event(const mfa_reply_t *entry)
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

    if (id->type != MFA_REPLY_STRING || id->str.len > MFACTL_AUDIT_ID_MAX - 2
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


/* The value of a field of an entry that is one; empty when there is none. */
static mfa_str_t
value_of(const mfa_reply_t *entry, const char *name)
{
    size_t              i;
    const mfa_reply_t  *fields;

    fields = &entry->elements[1];

    for (i = 0; i + 1 < fields->n; i += 2) {
        if (mfa_str_is(fields->elements[i].str, name)) {
            return fields->elements[i + 1].str;
        }
    }

    return (mfa_str_t) { NULL, 0 };
}


int
mfactl_audit_wanted(const mfactl_wanted_t *wanted, const mfa_reply_t *entry)
{
    return (wanted->login.len == 0
            || mfa_str_eq(value_of(entry, "login"), wanted->login))
           && (wanted->event.len == 0
               || mfa_str_eq(value_of(entry, "event"), wanted->event))
           && (wanted->result.len == 0
               || mfa_str_eq(value_of(entry, "result"), wanted->result));
}


/* One entry, from newest to oldest; 0, or -1 when it is none. */
static int
take(reading_t *reading, const mfa_reply_t *entry)
{
    json_t  *object;

    object = mfactl_audit_event(entry);

    if (object == NULL) {
        return -1;
    }

    if (reading->newest.len == 0) {
        mfa_buf_str(&reading->newest, entry->elements[0].str);
    }

    if (time_of(entry->elements[0].str) < reading->wanted->since) {
        reading->over = 1;

    } else if (reading->n > 0 && mfactl_audit_wanted(reading->wanted, entry)) {
        json_array_append(reading->rows, object);
        reading->n--;
    }

    json_decref(object);

    return 0;
}


/* Without filters, what is still to be found. */
static int64_t
page_size(const reading_t *reading)
{
    const mfactl_wanted_t  *wanted;

    wanted = reading->wanted;

    if (wanted->login.len || wanted->event.len || wanted->result.len
        || reading->n > MFACTL_AUDIT_AT_ONCE)
    {
        return MFACTL_AUDIT_AT_ONCE;
    }

    return reading->n > 0 ? reading->n : 1;
}


/* A page of events; 0, or -1 when the store has none to give. */
static int
read_some(mfactl_t *ctl, reading_t *reading)
{
    size_t              i;
    int64_t             n;
    mfa_at_t            at;
    mfa_op_t            op;
    mfa_result_t        result;
    const mfa_reply_t  *list;

    n = page_size(reading);
    mfa_op_reset(&op);
    at = mfa_store_audit_read(&op, ctl->portal,
                              mfa_buf_since(&reading->before, 0), n);
    result = mfactl_drive_op(&ctl->drive, &op);
    list = mfa_op_reply(&op, &result, at);

    if (list == NULL || list->type != MFA_REPLY_ARRAY) {
        return -1;
    }

    for (i = 0; i < list->n && !reading->over; i++) {
        if (take(reading, &list->elements[i]) != 0) {
            return -1;
        }
    }

    if (i) {
        reading->before.len = 0;
        mfa_buf_cstr(&reading->before, "(");
        mfa_buf_str(&reading->before, list->elements[i - 1].elements[0].str);
    }

    reading->over |= reading->n == 0 || (int64_t) list->n < n;
    mfactl_drive_forget(&ctl->drive);

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


static int
take_text(const mfactl_t *ctl, mfactl_option_e option, mfa_str_t *out)
{
    *out = mfactl_options_text(&ctl->options, option);

    if (mfactl_options_given(&ctl->options, option)
        && (out->len == 0 || !mfa_str_printable(*out)))
    {
        mfactl_print_error(ctl, MFACTL_USAGE, "%s takes a text",
                           mfactl_options_name(option));
        return -1;
    }

    return 0;
}


static int
take_wanted(const mfactl_t *ctl, mfactl_wanted_t *wanted)
{
    mfa_buf_t  room;

    memset(wanted, 0, sizeof(mfactl_wanted_t));

    if (take_text(ctl, MFACTL_EVENT, &wanted->event) != 0
        || take_text(ctl, MFACTL_RESULT, &wanted->result) != 0)
    {
        return -1;
    }

    if (mfactl_options_given(&ctl->options, MFACTL_LOGIN)) {
        mfa_buf_init(&room, wanted->room, sizeof(wanted->room));

        if (mfa_login_canonical(mfactl_options_text(&ctl->options,
                                                    MFACTL_LOGIN), &room) != 0)
        {
            mfactl_print_error(ctl, MFACTL_USAGE, "--login \"%s\" is no login",
                               ctl->options.value[MFACTL_LOGIN]);
            return -1;
        }

        wanted->login = mfa_buf_since(&room, 0);
    }

    if (mfactl_options_given(&ctl->options, MFACTL_SINCE)) {
        return mfactl_moment(ctl, MFACTL_SINCE, MFACTL_MOMENT_AGO,
                             (int64_t) time(NULL), &wanted->since);
    }

    return 0;
}


/* How many: what was asked for, else all since --since, else some. */
static int
take_number(const mfactl_t *ctl, int64_t *n)
{
    int  least;

    least = mfactl_options_given(&ctl->options, MFACTL_FOLLOW) ? 0 : 1;
    *n = mfactl_options_given(&ctl->options, MFACTL_SINCE) ? EVENTS_MAX
                                                           : EVENTS_DEFAULT;

    if (mfactl_options_given(&ctl->options, MFACTL_NUMBER)
        && (mfa_str_int(mfactl_options_text(&ctl->options, MFACTL_NUMBER), n)
            != 0 || *n < least || *n > EVENTS_MAX))
    {
        mfactl_print_error(ctl, MFACTL_USAGE, "-n takes a number from %d to %d",
                           least, EVENTS_MAX);
        return -1;
    }

    return 0;
}


static void
print_table(const mfactl_t *ctl, json_t *rows)
{
    json_t  *doc;

    static const mfactl_column_t  columns[] = {
        { "time", "TIME" }, { "event", "EVENT" }, { "result", "RESULT" },
        { "reason", "REASON" }, { "login", "LOGIN" }, { "actor", "ACTOR" },
        { "token", "TOKEN" }, { "address", "ADDRESS" }, { "detail", "DETAIL" },
        { NULL, NULL }
    };

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "portal", mfactl_print_text(ctl->portal->name));
    json_object_set_new(doc, "events", rows);
    mfactl_print(ctl, doc, "events", columns);
}


/* Behind the newest that was read: none comes twice, none is left out. */
static int
follow(mfactl_t *ctl, reading_t *reading)
{
    size_t   i;
    json_t  *row;

    json_array_foreach(reading->rows, i, row) {
        mfactl_audit_line(ctl, json_incref(row));
    }

    json_decref(reading->rows);

    if (reading->newest.len == 0) {
        mfa_buf_cstr(&reading->newest, "0-0");
    }

    return mfactl_audit_follow(ctl, reading->wanted,
                               mfa_buf_since(&reading->newest, 0));
}


int
mfactl_audit(mfactl_t *ctl)
{
    uint8_t          before[MFACTL_AUDIT_ID_MAX], newest[MFACTL_AUDIT_ID_MAX];
    reading_t        reading;
    mfactl_wanted_t  wanted;

    memset(&reading, 0, sizeof(reading));

    if (take_wanted(ctl, &wanted) != 0 || take_number(ctl, &reading.n) != 0) {
        return MFACTL_USAGE;
    }

    reading.wanted = &wanted;
    reading.rows = mfactl_print_need(json_array());
    mfa_buf_init(&reading.before, before, sizeof(before));
    mfa_buf_cstr(&reading.before, "+");
    mfa_buf_init(&reading.newest, newest, sizeof(newest));

    do {
        if (read_some(ctl, &reading) != 0) {
            json_decref(reading.rows);
            return mfactl_print_unavailable(ctl);
        }
    } while (!reading.over);

    reading.rows = reversed(reading.rows);

    if (mfactl_options_given(&ctl->options, MFACTL_FOLLOW)) {
        return follow(ctl, &reading);
    }

    print_table(ctl, reading.rows);

    return MFACTL_DONE;
}
