/*
 * mfactl doctor: what must be right before anybody can log in, one line each.
 * "fail" is wrong, "warn" is worth a look; nothing is changed, unless --reindex
 * says so (reindex.c).
 */

#include "cli/keys.h"
#include "cli/print.h"
#include "core/flow_home.h"
#include "core/store_outbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define CLOCK_WARN_SEC  2
#define CLOCK_FAIL_SEC  30                  /* a code's time step */
#define MAIL_WARN_SEC   600                 /* a mail has waited for */

/* 6.2 brought ZADD's GT beside CH and GETDEL. */
#define VERSION_MAJOR  6
#define VERSION_MINOR  2

typedef struct {
    mfactl_t  *ctl;
    json_t    *checks;
    int        failed;
} doctor_t;


static void say(doctor_t *doctor, const char *check, const char *status,
    const char *format, ...) __attribute__((format(printf, 4, 5)));


static void
say(doctor_t *doctor, const char *check, const char *status,
    const char *format, ...)
{
    char      detail[768];
    json_t   *object;
    va_list   args;

    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);

    object = mfactl_print_need(json_object());
    json_object_set_new(object, "check",
                        mfactl_print_text(mfa_str_from(check)));
    json_object_set_new(object, "status",
                        mfactl_print_text(mfa_str_from(status)));
    json_object_set_new(object, "detail",
                        mfactl_print_text(mfa_str_from(detail)));
    json_array_append_new(doctor->checks, object);

    doctor->failed |= status[0] == 'f';
}


static void
check_keys(doctor_t *doctor)
{
    uint8_t         room[512];
    mfa_buf_t       why;
    const char     *path;
    mfactl_file_t   file;
    mfa_keyring_t   ring;

    path = doctor->ctl->conf.keys;

    if (path == NULL) {
        say(doctor, "keys", "fail", "%s has no mfa_keys",
            doctor->ctl->conf.file);
        return;
    }

    mfa_buf_init(&why, room, sizeof(room));

    if (mfactl_keys_read(path, &file, &ring, &why) != 0) {
        say(doctor, "keys", "fail", "%.*s", (int) why.len, (const char *) room);
        return;
    }

    say(doctor, "keys", "ok", "%zu in %s, mode %04o", ring.n, path,
        (unsigned) file.mode);

    mfactl_file_free(&file);
    mfa_wipe(&ring, sizeof(ring));
}


static void
check_portals(doctor_t *doctor)
{
    size_t                i;
    uint8_t               room[512];
    mfa_buf_t             names;
    const mfactl_conf_t  *conf;

    conf = &doctor->ctl->conf;

    if (conf->n_portals == 0) {
        say(doctor, "portals", "fail", "%s has no mfa_portal", conf->file);
        return;
    }

    mfa_buf_init(&names, room, sizeof(room));

    for (i = 0; i < conf->n_portals; i++) {
        mfa_buf_cstr(&names, i ? ", " : "");
        mfa_buf_str(&names, conf->portals[i].name);
    }

    say(doctor, "portals", "ok", "%.*s", (int) names.len, (const char *) room);
}


/* The value of "name:value" in the text INFO gives. */
static int
info_value(mfa_str_t text, const char *name, mfa_str_t *value)
{
    mfa_str_t  line, key;

    while (text.len) {
        mfa_str_cut(text, '\n', &line, &text);
        line.len -= line.len && line.data[line.len - 1] == '\r';

        if (mfa_str_cut(line, ':', &key, value) && mfa_str_is(key, name)) {
            return 0;
        }
    }

    return -1;
}


static void
check_version(doctor_t *doctor, const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at)
{
    int64_t     major, minor;
    mfa_str_t   info, version, first, second, rest;

    if (mfa_op_str(op, result, at, &info) != 0
        || info_value(info, "redis_version", &version) != 0)
    {
        say(doctor, "version", "warn", "the server does not tell");
        return;
    }

    mfa_str_cut(version, '.', &first, &rest);
    mfa_str_cut(rest, '.', &second, &rest);

    if (mfa_str_int(first, &major) != 0 || mfa_str_int(second, &minor) != 0
        || major < VERSION_MAJOR
        || (major == VERSION_MAJOR && minor < VERSION_MINOR))
    {
        say(doctor, "version", "fail", "%.*s, needed is %d.%d",
            (int) version.len, (const char *) version.data, VERSION_MAJOR,
            VERSION_MINOR);
        return;
    }

    say(doctor, "version", "ok", "%.*s", (int) version.len,
        (const char *) version.data);
}


static void
check_policy(doctor_t *doctor, const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at)
{
    mfa_str_t           policy;
    const mfa_reply_t  *reply;

    reply = mfa_op_reply(op, result, at);

    if (reply == NULL || reply->type != MFA_REPLY_ARRAY || reply->n != 2
        || reply->elements[1].type != MFA_REPLY_STRING)
    {
        say(doctor, "eviction", "warn", "the server does not tell its"
            " maxmemory-policy");
        return;
    }

    policy = reply->elements[1].str;

    if (mfa_str_is(policy, "noeviction")) {
        say(doctor, "eviction", "ok", "noeviction");
        return;
    }

    say(doctor, "eviction", "warn", "maxmemory-policy is %.*s: when memory is"
        " short, sessions and accounts are lost; set noeviction",
        (int) policy.len, (const char *) policy.data);
}


static void
check_persistence(doctor_t *doctor, const mfa_op_t *op,
    const mfa_result_t *result, mfa_at_t at)
{
    mfa_str_t  info, enabled;

    if (mfa_op_str(op, result, at, &info) != 0
        || info_value(info, "aof_enabled", &enabled) != 0)
    {
        say(doctor, "persistence", "warn", "the server does not tell");

    } else if (mfa_str_is(enabled, "1")) {
        say(doctor, "persistence", "ok", "append-only file");

    } else {
        say(doctor, "persistence", "warn", "no append-only file: what changed"
            " since the last snapshot is lost with the server, and a spent"
            " code is good again; set appendonly yes");
    }
}


static void
check_clock(doctor_t *doctor, const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at)
{
    int64_t             sec, apart;
    const mfa_reply_t  *reply;

    reply = mfa_op_reply(op, result, at);

    if (reply == NULL || reply->type != MFA_REPLY_ARRAY || reply->n != 2
        || reply->elements[0].type != MFA_REPLY_STRING
        || mfa_str_int(reply->elements[0].str, &sec) != 0)
    {
        say(doctor, "clock", "warn", "the server does not tell its time");
        return;
    }

    apart = sec - (int64_t) time(NULL);
    apart = apart < 0 ? -apart : apart;

    say(doctor, "clock", apart <= CLOCK_WARN_SEC ? "ok"
        : apart < CLOCK_FAIL_SEC ? "warn" : "fail",
        "%lld s between the store's clock and this one", (long long) apart);
}


/* Lists and counts of the console come from indexes that older versions did not
   keep, and that know the rules of a portal as they were. */
static void
check_indexes(doctor_t *doctor)
{
    size_t                i;
    mfa_str_t             name;
    mfa_flow_home_t       home;
    const mfactl_conf_t  *conf;

    conf = &doctor->ctl->conf;

    for (i = 0; i < conf->n_portals; i++) {
        name = conf->portals[i].name;
        mfa_flow_home_init(&home);
        home.flow.env.portal = &conf->portals[i];

        if (mfactl_drive_run(&doctor->ctl->drive, &home.flow)
            != MFA_OUTCOME_DONE)
        {
            say(doctor, "indexes", "warn", "those of %.*s cannot be read",
                (int) name.len, (const char *) name.data);

        } else if (home.stale) {
            say(doctor, "indexes", "warn", "those of %.*s are of an older"
                " version or of other rules: run mfactl doctor --reindex",
                (int) name.len, (const char *) name.data);
        }
    }
}


/* One portal that sends mail. */
static void
check_mail(doctor_t *doctor, const mfa_portal_t *portal)
{
    int              old;
    long long        age;
    mfa_op_t         op;
    mfa_outbox_t     box;
    mfa_result_t     result;
    mfa_outbox_at_t  at;

    mfa_op_reset(&op);
    mfa_store_outbox_look(&op, portal, &at);
    result = mfactl_drive_op(&doctor->ctl->drive, &op);

    if (mfa_store_outbox_look_result(&op, &result, &at, &box) != 0) {
        say(doctor, "mail", "warn", "the outbox of %.*s cannot be read",
            (int) portal->name.len, (const char *) portal->name.data);
        return;
    }

    age = box.oldest ? (long long) time(NULL) - box.oldest : 0;
    old = age >= MAIL_WARN_SEC;

    say(doctor, "mail", old || box.dead ? "warn" : "ok",
        "%.*s: %lld waiting, the oldest for %lld s, %lld of them failed;"
        " %lld dead%s%s", (int) portal->name.len,
        (const char *) portal->name.data, (long long) box.length, age,
        (long long) box.retry, (long long) box.dead,
        old ? "; is mfactl mailer running?" : "",
        box.dead ? "; see mfactl mailer --dead" : "");
}


static void
check_mails(doctor_t *doctor)
{
    size_t                i;
    const mfactl_conf_t  *conf;

    conf = &doctor->ctl->conf;

    for (i = 0; i < conf->n_portals; i++) {
        if (conf->portals[i].mail_from.len) {
            check_mail(doctor, &conf->portals[i]);
        }
    }
}


static int
check_store(doctor_t *doctor)
{
    mfa_at_t         version, policy, persistence, clock_at;
    mfa_op_t         op;
    mfa_str_t        address;
    mfa_result_t     result;
    mfactl_drive_t  *drive;

    drive = &doctor->ctl->drive;
    address = doctor->ctl->conf.endpoint.address;

    mfa_op_reset(&op);
    version = mfa_store_server_info(&op, "server");
    policy = mfa_store_server_policy(&op);
    persistence = mfa_store_server_info(&op, "persistence");
    clock_at = mfa_store_server_time(&op);
    result = mfactl_drive_op(drive, &op);

    if (!result.ok) {
        say(doctor, "store", "fail", "%.*s: %s", (int) address.len,
            (const char *) address.data, drive->why);
        return MFACTL_UNAVAILABLE;
    }

    say(doctor, "store", "ok", "%.*s", (int) address.len,
        (const char *) address.data);
    check_version(doctor, &op, &result, version);
    check_policy(doctor, &op, &result, policy);
    check_persistence(doctor, &op, &result, persistence);
    check_clock(doctor, &op, &result, clock_at);
    check_indexes(doctor);
    check_mails(doctor);

    return MFACTL_DONE;
}


int
mfactl_doctor(mfactl_t *ctl)
{
    int        status;
    json_t    *doc;
    doctor_t   doctor;

    static const mfactl_column_t  columns[] = {
        { "check", "CHECK" }, { "status", "STATUS" }, { "detail", "DETAIL" },
        { NULL, NULL }
    };

    if (mfactl_options_given(&ctl->options, MFACTL_REINDEX)) {
        return mfactl_reindex(ctl);
    }

    doctor.ctl = ctl;
    doctor.failed = 0;
    doctor.checks = mfactl_print_need(json_array());

    say(&doctor, "configuration", "ok", "%s", ctl->conf.file);
    check_keys(&doctor);
    check_portals(&doctor);
    status = check_store(&doctor);

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "ok", json_boolean(!doctor.failed));
    json_object_set_new(doc, "checks", doctor.checks);
    mfactl_print(ctl, doc, "checks", columns);

    return status == MFACTL_DONE && doctor.failed ? MFACTL_REFUSED : status;
}
