/*
 * Changes of accounts, see change.h.  A login that fails does not keep the next
 * one from being changed; a store that fails ends it.
 */

#include "cli/change.h"
#include "cli/print.h"
#include "cli/view.h"
#include "core/duration.h"

#include <openssl/rand.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ACTOR_MAX  64


int
mfactl_change_random(uint8_t *buf, size_t len)
{
    return RAND_bytes(buf, (int) len) == 1 ? 0 : -1;
}


mfa_str_t
mfactl_change_actor(mfactl_t *ctl)
{
    char                 *actor;
    const struct passwd  *user;

    actor = mfactl_arena_alloc(&ctl->conf.arena, ACTOR_MAX);
    user = getpwuid(getuid());

    if (user != NULL) {
        snprintf(actor, ACTOR_MAX, "mfactl:%s", user->pw_name);
    } else {
        snprintf(actor, ACTOR_MAX, "mfactl:%u", (unsigned) getuid());
    }

    return mfa_str_from(actor);
}


int
mfactl_change_grace(const mfactl_t *ctl, int64_t *sec)
{
    mfa_str_t  text;

    if (!mfactl_options_given(&ctl->options, MFACTL_GRACE)) {
        return 0;
    }

    text = mfactl_options_text(&ctl->options, MFACTL_GRACE);

    if (mfa_duration_parse(text, sec) != 0 || *sec > MFA_GRACE_MAX_SEC) {
        mfactl_print_error(ctl, MFACTL_USAGE, "--grace \"%s\" is no time"
                           " between 0 and 365d", (const char *) text.data);
        return -1;
    }

    return 0;
}


mfa_str_t *
mfactl_change_logins(mfactl_t *ctl)
{
    int         i;
    mfa_str_t  *logins;
    mfa_buf_t   room;

    logins = mfactl_arena_alloc(&ctl->conf.arena,
                                (size_t) ctl->n_args * sizeof(mfa_str_t));

    for (i = 0; i < ctl->n_args; i++) {
        mfa_buf_init(&room, mfactl_arena_alloc(&ctl->conf.arena,
                                               MFA_LOGIN_MAX), MFA_LOGIN_MAX);

        if (mfa_login_canonical(mfa_str_from(ctl->args[i]), &room) != 0) {
            mfactl_print_error(ctl, MFACTL_USAGE, "\"%s\" is no login: 1 to %d"
                               " of letters, digits and . _ @ + -",
                               ctl->args[i], MFA_LOGIN_MAX);
            return NULL;
        }

        logins[i] = mfa_buf_since(&room, 0);
    }

    return logins;
}


/* Why no mail goes to an account with that address, for people. */
static const char *
no_mail(const mfa_portal_t *portal, mfa_str_t email)
{
    if (portal->mail_from.len == 0) {
        return "no mail: the portal sends none, see its \"mail\"";
    }

    if (email.len == 0) {
        return "no mail: the account has no e-mail address";
    }

    return portal->first == MFA_FIRST_LOCAL
           ? "no mail: the portal's \"mail\" has no base_url for its link"
           : "no mail: passwords are not looked at here";
}


/* Why not, for people; NULL for DONE. */
static const char *
reason(const mfa_flow_admin_t *admin)
{
    mfa_admin_e    action;
    mfa_outcome_e  outcome;

    action = admin->action;
    outcome = admin->flow.outcome;

    switch (admin->why) {
    case MFA_WHY_LAST:
        return "it is the portal's last administrator_with_billing who can log"
               " in: make another one first (after an update of this program:"
               " mfactl doctor --reindex)";
    case MFA_WHY_NO_MAIL:
        return no_mail(admin->flow.env.portal,
                       action == MFA_ADMIN_ADD ? admin->email
                                               : admin->before.email);
    case MFA_WHY_NOTHING_DUE:
        return admin->before.disabled
               ? "no mail goes to an account that is disabled"
               : "it needs no mail: it has all it needs, or nothing is"
                 " required of it";
    case MFA_WHY_UNLOCKS:
        return "it was unlocked nine times in 30 days, which may be somebody"
               " who guesses: mfactl mfa reset takes the factor away";
    default:
        break;
    }

    switch (outcome) {
    case MFA_OUTCOME_DONE:
        return NULL;
    case MFA_OUTCOME_ABSENT:
        return "there is no such account";
    case MFA_OUTCOME_CONFLICT:
        return action == MFA_ADMIN_ADD
               ? "there is such an account already"
               : "somebody else keeps changing it, try again";
    case MFA_OUTCOME_FORBIDDEN:
        return action == MFA_ADMIN_EXTEND
               ? "it is not required to have a factor: there is no deadline"
               : "a directory owns the account, and directory_mfa is off";
    case MFA_OUTCOME_REFUSED:
        return action == MFA_ADMIN_EXTEND
               ? "the deadline that holds is later than that"
               : "refused";
    case MFA_OUTCOME_LIMITED:
        return "too many mails were asked for it in the last minutes, try"
               " later";
    default:
        return "the store did not answer";
    }
}


/* The deadline that binds the account as it is now; -1 none does. */
static int64_t
deadline_of(const mfa_flow_admin_t *admin)
{
    const mfa_env_t  *env;

    env = &admin->flow.env;

    return mfa_policy_grace_left(env->portal, &admin->after, env->now) < 0
           ? -1 : admin->deadline;
}


static json_t *
row(const mfa_flow_admin_t *admin)
{
    json_t      *object;
    const char  *why;

    object = mfactl_print_need(json_object());
    why = reason(admin);

    json_object_set_new(object, "login", mfactl_print_text(admin->login));
    json_object_set_new(object, "outcome", mfactl_print_text(
                        mfa_str_from(mfa_outcome_name(admin->flow.outcome))));
    json_object_set_new(object, "error",
                        mfactl_print_text(mfa_str_from(why)));
    json_object_set_new(object, "changed", json_boolean(admin->changed));
    json_object_set_new(object, "deadline",
                        why ? json_null()
                            : mfactl_view_deadline(deadline_of(admin)));
    json_object_set_new(object, "mail", mfactl_print_text(
                        mfa_str_from(admin->mailed
                                     ? mfa_mail_name((mfa_mail_e) admin->mail)
                                     : NULL)));
    json_object_set_new(object, "mail_to", mfactl_print_text(
                        admin->mailed ? admin->mail_to
                                      : (mfa_str_t) { NULL, 0 }));

    return object;
}


/* ", mail queued to a@example.com", or why none is although there is reason. */
static void
print_mail(const mfa_flow_admin_t *admin, json_t *object)
{
    if (admin->mailed) {
        printf(", mail queued to %s",
               json_string_value(json_object_get(object, "mail_to")));

    } else if (admin->mail >= 0) {
        printf(", %s", no_mail(admin->flow.env.portal, admin->mail_to));

    } else if (admin->action == MFA_ADMIN_REQUIRE && admin->changed
               && admin->after.disabled)
    {
        printf(", no mail: the account is disabled");
    }
}


/* Days that were asked for and not given. */
static void
print_kept(const mfa_flow_admin_t *admin)
{
    if (admin->action == MFA_ADMIN_REQUIRE && admin->grace_sec >= 0
        && admin->before.deadline >= 0 && deadline_of(admin) >= 0)
    {
        printf(", --grace changes nothing: the deadline it had stays, mfa"
               " extend moves it");
    }
}


/* One line: "require alice: done, deadline 2026-10-01T00:00:00Z, mail queued to
   a@example.com". */
static void
print_row(const mfa_flow_admin_t *admin, json_t *object)
{
    json_t  *deadline;

    if (admin->flow.outcome != MFA_OUTCOME_DONE) {
        fprintf(stderr, "mfactl: %s %s: %s\n", mfa_admin_name(admin->action),
                json_string_value(json_object_get(object, "login")),
                json_string_value(json_object_get(object, "error")));
        return;
    }

    deadline = json_object_get(object, "deadline");

    printf("%s %s: %s%s%s", mfa_admin_name(admin->action),
           json_string_value(json_object_get(object, "login")),
           admin->changed ? "done" : "it was so already",
           json_is_null(deadline) ? "" : ", deadline ",
           json_is_null(deadline) ? "" : json_string_value(deadline));
    print_kept(admin);
    print_mail(admin, object);
    putchar('\n');
}


static int
exit_status(mfa_outcome_e outcome)
{
    switch (outcome) {
    case MFA_OUTCOME_DONE:
        return MFACTL_DONE;
    case MFA_OUTCOME_UNAVAILABLE:
        return MFACTL_UNAVAILABLE;
    default:
        return MFACTL_REFUSED;
    }
}


static mfa_outcome_e
change_one(mfactl_t *ctl, mfa_flow_admin_t *admin, json_t *rows)
{
    json_t         *object;
    mfa_outcome_e   outcome;

    outcome = mfactl_drive_run(&ctl->drive, &admin->flow);
    object = row(admin);

    if (!ctl->json) {
        print_row(admin, object);
    }

    json_array_append_new(rows, object);
    mfactl_drive_forget(&ctl->drive);

    return outcome;
}


int
mfactl_change(mfactl_t *ctl, const mfa_flow_admin_t *wanted)
{
    int                i, status, worst;
    json_t            *doc, *rows;
    mfa_str_t         *logins, actor;
    mfa_flow_admin_t   admin;

    logins = mfactl_change_logins(ctl);

    if (logins == NULL) {
        return MFACTL_USAGE;
    }

    worst = MFACTL_DONE;
    actor = mfactl_change_actor(ctl);
    rows = mfactl_print_need(json_array());

    for (i = 0; i < ctl->n_args && worst != MFACTL_UNAVAILABLE; i++) {
        admin = *wanted;
        admin.login = logins[i];
        admin.actor = actor;
        admin.flow.env.portal = ctl->portal;
        admin.flow.env.random = mfactl_change_random;

        status = exit_status(change_one(ctl, &admin, rows));
        worst = status > worst ? status : worst;
    }

    if (worst == MFACTL_UNAVAILABLE) {
        mfactl_print_note(mfa_str_from(ctl->drive.why));
    }

    if (ctl->json) {
        doc = mfactl_print_need(json_object());
        json_object_set_new(doc, "portal",
                            mfactl_print_text(ctl->portal->name));
        json_object_set_new(doc, "action", mfactl_print_text(
                            mfa_str_from(mfa_admin_name(wanted->action))));
        json_object_set_new(doc, "results", rows);
        mfactl_print(ctl, doc, NULL, NULL);

    } else {
        json_decref(rows);
    }

    return worst;
}
