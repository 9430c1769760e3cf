/*
 * The way to the store, see drive.h.
 */

#include "cli/drive.h"
#include "cli/connect.h"
#include "cli/file.h"
#include "cli/password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The limit in the file is for workers that serve others meanwhile; nobody but
   the person at the terminal waits here. */
#define PATIENCE_MSEC      2000
#define PASSWORD_FILE_MAX  4096

struct mfactl_kept_s {
    mfactl_kept_t  *next;
    size_t          n;
    mfa_reply_t    *replies[];
};


static int
say(mfactl_drive_t *drive, mfa_str_t what)
{
    snprintf(drive->why, sizeof(drive->why), "%.*s", (int) what.len,
             what.len ? (const char *) what.data : "");

    return -1;
}


/* The bytes of all commands of an op; to be wiped and freed. */
static uint8_t *
format(const mfa_op_t *op, size_t *len)
{
    uint8_t  *bytes;

    *len = mfa_wire_size(op);
    bytes = malloc(*len);

    if (bytes != NULL) {
        (void) mfa_wire_write(op, bytes);
    }

    return bytes;
}


static int
send_op(mfactl_drive_t *drive, const mfa_op_t *op, int64_t deadline)
{
    int        rc;
    size_t     len;
    uint8_t   *bytes, room[128];
    mfa_buf_t  why;

    bytes = format(op, &len);

    if (bytes == NULL) {
        return say(drive, mfa_lit("out of memory"));
    }

    mfa_buf_init(&why, room, sizeof(room));
    rc = mfactl_connect_send(drive->fd, bytes, len, deadline, &why);

    mfa_wipe(bytes, len);
    free(bytes);

    return rc == 0 ? 0 : say(drive, mfa_buf_since(&why, 0));
}


static int
receive_reply(mfactl_drive_t *drive, mfa_reply_t **reply, int64_t deadline)
{
    int        rc;
    long       n;
    char       data[16384];
    uint8_t    room[128];
    mfa_buf_t  why;

    mfa_buf_init(&why, room, sizeof(room));

    for ( ;; ) {
        rc = mfa_wire_next(drive->reader, reply);

        if (rc != 0) {
            return rc > 0 ? 0 : say(drive,
                                    mfa_lit("what answers is no Redis server"));
        }

        n = mfactl_connect_receive(drive->fd, data, sizeof(data), deadline,
                                   &why);

        if (n < 0) {
            return say(drive, mfa_buf_since(&why, 0));
        }

        if (redisReaderFeed(drive->reader, data, (size_t) n) != REDIS_OK) {
            return say(drive, mfa_lit("out of memory"));
        }
    }
}


static int
receive_op(mfactl_drive_t *drive, mfactl_kept_t *kept, size_t n,
    int64_t deadline)
{
    const mfa_reply_t  *error;

    for (kept->n = 0; kept->n < n; kept->n++) {
        if (receive_reply(drive, &kept->replies[kept->n], deadline) != 0) {
            return -1;
        }

        error = mfa_wire_error(kept->replies[kept->n]);

        if (error != NULL) {
            say(drive, error->str);

            if (mfa_wire_error_drops(error)) {
                kept->n++;
                return -1;
            }
        }
    }

    return 0;
}


static mfa_result_t
carry_out(mfactl_drive_t *drive, const mfa_op_t *op)
{
    int64_t         deadline;
    mfa_result_t    result;
    mfactl_kept_t  *kept;

    memset(&result, 0, sizeof(result));

    if (drive->fd < 0 || op->failed) {
        return result;
    }

    kept = calloc(1, sizeof(mfactl_kept_t) + op->n * sizeof(mfa_reply_t *));

    if (kept == NULL) {
        say(drive, mfa_lit("out of memory"));
        return result;
    }

    kept->next = drive->kept;
    drive->kept = kept;

    deadline = mfactl_connect_deadline(drive->timeout_msec);

    /* Whatever answers later would be taken for another question's answer. */
    if (send_op(drive, op, deadline) != 0
        || receive_op(drive, kept, op->n, deadline) != 0)
    {
        close(drive->fd);
        drive->fd = -1;
        return result;
    }

    result.ok = 1;
    result.n = op->n;
    result.replies = (const mfa_reply_t *const *) kept->replies;

    return result;
}


void
mfactl_drive_forget(mfactl_drive_t *drive)
{
    size_t          i;
    mfactl_kept_t  *kept;

    while (drive->kept != NULL) {
        kept = drive->kept;
        drive->kept = kept->next;

        for (i = 0; i < kept->n; i++) {
            mfa_wire_reply_free(kept->replies[i]);
        }

        free(kept);
    }
}


/* Whether every command of an op was answered with a status, as AUTH and SELECT
   are; why otherwise. */
static int
all_accepted(mfactl_drive_t *drive, const mfa_op_t *op)
{
    size_t         i;
    mfa_result_t   result;

    result = carry_out(drive, op);

    if (!result.ok) {
        return -1;
    }

    for (i = 0; i < result.n; i++) {
        if (result.replies[i]->type != MFA_REPLY_STATUS) {
            return say(drive, result.replies[i]->type == MFA_REPLY_ERROR
                              ? result.replies[i]->str
                              : mfa_lit("not the answer of a store"));
        }
    }

    return 0;
}


static int
authenticate(mfactl_drive_t *drive, const mfa_endpoint_t *endpoint)
{
    int             rc;
    mfa_op_t        op;
    uint8_t         room[sizeof(drive->why)];
    mfa_buf_t       why;
    mfa_str_t       password, rest;
    mfactl_file_t   file;

    if (endpoint->password_file.len == 0) {
        return 0;
    }

    mfa_buf_init(&why, room, sizeof(room));

    if (mfactl_file_read_secret(&file,
                                (const char *) endpoint->password_file.data,
                                PASSWORD_FILE_MAX, &why) != 0)
    {
        return say(drive, mfa_buf_since(&why, 0));
    }

    password = (mfa_str_t) { file.data, file.len };
    mfa_str_cut(password, '\n', &password, &rest);
    password.len -= password.len && password.data[password.len - 1] == '\r';

    mfa_op_reset(&op);
    mfa_op_begin(&op, "AUTH");

    if (endpoint->user.len) {
        mfa_op_arg(&op, endpoint->user);
    }

    mfa_op_arg(&op, password);
    rc = all_accepted(drive, &op);
    mfactl_file_free(&file);

    return rc;
}


static int
select_db(mfactl_drive_t *drive, const mfa_endpoint_t *endpoint)
{
    mfa_op_t  op;

    if (endpoint->db == 0) {
        return 0;
    }

    mfa_op_reset(&op);
    mfa_op_begin(&op, "SELECT");
    mfa_op_number(&op, endpoint->db);

    return all_accepted(drive, &op);
}


static int
check_schema(mfactl_drive_t *drive)
{
    mfa_op_t             op;
    mfa_at_t             at;
    mfa_result_t         result;
    const mfa_reply_t   *error;

    mfa_op_reset(&op);
    at = mfa_store_schema(&op);
    result = carry_out(drive, &op);

    if (!result.ok) {
        return -1;
    }

    switch (mfa_store_schema_result(&op, &result, at)) {
    case MFA_YES:
        return 0;
    case MFA_NO:
        return say(drive, mfa_lit("it holds data of a newer version of this"
                                  " program"));
    default:
        error = mfa_wire_error(result.replies[at]);
        return say(drive, error != NULL ? error->str
                          : mfa_lit("not the answer of a store"));
    }
}


static int
open_connection(mfactl_drive_t *drive, const mfa_endpoint_t *endpoint)
{
    uint8_t    room[sizeof(drive->why)];
    mfa_buf_t  why;

    drive->reader = mfa_wire_reader();

    if (drive->reader == NULL) {
        return say(drive, mfa_lit("out of memory"));
    }

    mfa_buf_init(&why, room, sizeof(room));
    drive->fd = mfactl_connect(endpoint->address, drive->timeout_msec, &why);

    if (drive->fd < 0) {
        return say(drive, mfa_buf_since(&why, 0));
    }

    return authenticate(drive, endpoint) == 0
           && select_db(drive, endpoint) == 0 && check_schema(drive) == 0
           ? 0 : -1;
}


void
mfactl_drive_init(mfactl_drive_t *drive, const mfa_endpoint_t *endpoint)
{
    memset(drive, 0, sizeof(mfactl_drive_t));
    drive->endpoint = endpoint;
    drive->fd = -1;
    drive->timeout_msec = endpoint->timeout_msec > PATIENCE_MSEC
                          ? endpoint->timeout_msec : PATIENCE_MSEC;
}


mfa_result_t
mfactl_drive_op(mfactl_drive_t *drive, const mfa_op_t *op)
{
    const mfa_endpoint_t  *endpoint;

    endpoint = drive->endpoint;
    drive->endpoint = NULL;

    if (endpoint != NULL && open_connection(drive, endpoint) != 0) {
        mfactl_drive_close(drive);
    }

    return carry_out(drive, op);
}


void
mfactl_drive_close(mfactl_drive_t *drive)
{
    mfactl_drive_forget(drive);

    if (drive->reader != NULL) {
        redisReaderFree(drive->reader);
        drive->reader = NULL;

        if (drive->fd >= 0) {
            close(drive->fd);
        }
    }

    drive->fd = -1;
}


mfa_outcome_e
mfactl_drive_run(mfactl_drive_t *drive, mfa_flow_t *flow)
{
    mfa_flow_e    asked;
    mfa_result_t  result;

    flow->env.now = (int64_t) time(NULL);
    asked = flow->run(flow, NULL);

    while (asked != MFA_FLOW_DONE) {
        if (asked == MFA_FLOW_STORE) {
            result = mfactl_drive_op(drive, &flow->op);

        } else {
            memset(&result, 0, sizeof(result));

            /* What nginx would ask outside cannot be asked from here. */
            if (asked == MFA_FLOW_HASH) {
                result.hash = mfactl_password_check(&flow->hash);
            }
        }

        flow->env.now = (int64_t) time(NULL);
        asked = flow->run(flow, &result);
    }

    return flow->outcome;
}
