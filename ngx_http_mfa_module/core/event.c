/*
 * Events of the audit, see event.h.
 */

#include "core/event.h"

#include <stddef.h>
#include <string.h>


static const struct {
    const char  *name;
    size_t       offset;
} fields[] = {
    { "event",   offsetof(mfa_event_t, event) },
    { "result",  offsetof(mfa_event_t, result) },
    { "reason",  offsetof(mfa_event_t, reason) },
    { "login",   offsetof(mfa_event_t, login) },
    { "actor",   offsetof(mfa_event_t, actor) },
    { "token",   offsetof(mfa_event_t, token) },
    { "address", offsetof(mfa_event_t, address) },
    { "request", offsetof(mfa_event_t, request) },
    { "detail",  offsetof(mfa_event_t, detail) },
};


static void
take(mfa_event_t *event, mfa_str_t name, mfa_str_t value)
{
    size_t  i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (mfa_str_is(name, fields[i].name)) {
            *(mfa_str_t *) ((char *) event + fields[i].offset) = value;
        }
    }
}


int
mfa_event_id_check(mfa_str_t s)
{
    int64_t    at, n;
    mfa_str_t  msec, rest;

    /* No entry is 0-0, and nothing is before it: Redis calls that an error. */
    return s.len <= MFA_EVENT_ID_MAX && mfa_str_cut(s, '-', &msec, &rest)
           && mfa_str_int(msec, &at) == 0 && at >= 0
           && mfa_str_int(rest, &n) == 0 && n >= 0 && (at > 0 || n > 0);
}


int
mfa_event_decode(mfa_event_t *event, const mfa_reply_t *entry)
{
    size_t              i;
    int64_t             msec;
    mfa_str_t           head, rest;
    const mfa_reply_t  *id, *list;

    memset(event, 0, sizeof(mfa_event_t));

    if (entry->type != MFA_REPLY_ARRAY || entry->n != 2) {
        return -1;
    }

    id = &entry->elements[0];
    list = &entry->elements[1];

    if (id->type != MFA_REPLY_STRING || !mfa_event_id_check(id->str)
        || list->type != MFA_REPLY_ARRAY || list->n % 2)
    {
        return -1;
    }

    for (i = 0; i < list->n; i++) {
        if (list->elements[i].type != MFA_REPLY_STRING) {
            return -1;
        }
    }

    for (i = 0; i < list->n; i += 2) {
        take(event, list->elements[i].str, list->elements[i + 1].str);
    }

    mfa_str_cut(id->str, '-', &head, &rest);
    event->id = id->str;
    event->at = mfa_str_int(head, &msec) == 0 ? msec / 1000 : 0;

    return 0;
}


static int
fits(mfa_str_t value, mfa_str_t wanted)
{
    return wanted.len == 0 || mfa_str_eq(value, wanted);
}


int
mfa_event_match(const mfa_event_t *event, const mfa_event_filter_t *filter)
{
    return (fits(event->login, filter->about)
            || fits(event->actor, filter->about))
           && fits(event->login, filter->login)
           && fits(event->actor, filter->actor)
           && fits(event->event, filter->event)
           && fits(event->result, filter->result);
}
