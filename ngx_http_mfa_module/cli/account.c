/*
 * mfactl account: making, ending and switching accounts, and their passwords.
 * Looking at them is in account_list.c.
 */

#include "cli/change.h"
#include "cli/password.h"
#include "cli/print.h"
#include "core/password.h"
#include "core/role.h"
#include "core/visible.h"


/* A text of the account given as an option. */
static int
take_text(const mfactl_t *ctl, mfactl_option_e option, size_t max,
    const char *name, mfa_str_t *out)
{
    *out = mfactl_options_text(&ctl->options, option);

    if (!mfa_visible(*out) || out->len > max) {
        mfactl_print_error(ctl, MFACTL_USAGE, "%s takes text of at most %zu"
                           " bytes", name, max);
        return -1;
    }

    return 0;
}


static int
take_profile(const mfactl_t *ctl, mfa_flow_admin_t *admin)
{
    if (take_text(ctl, MFACTL_NAME, MFA_NAME_MAX, "--name", &admin->name) != 0
        || take_text(ctl, MFACTL_DIRECTORY, MFA_DIRECTORY_MAX, "--directory",
                     &admin->directory) != 0)
    {
        return -1;
    }

    admin->email = mfactl_options_text(&ctl->options, MFACTL_EMAIL);

    if (mfactl_options_given(&ctl->options, MFACTL_EMAIL)
        && !mfa_email_check(admin->email))
    {
        mfactl_print_error(ctl, MFACTL_USAGE,
                           "--email \"%s\" is no e-mail address",
                           (const char *) admin->email.data);
        return -1;
    }

    admin->role = mfactl_options_text(&ctl->options, MFACTL_ROLE);

    if (mfactl_options_given(&ctl->options, MFACTL_ROLE)
        && mfa_role_find(admin->role) == MFA_ROLE_NONE)
    {
        mfactl_print_error(ctl, MFACTL_USAGE, "there is no role \"%s\"",
                           (const char *) admin->role.data);
        return -1;
    }

    return 0;
}


static int
take_requirement(const mfactl_t *ctl, mfa_flow_admin_t *admin)
{
    admin->require = mfactl_options_given(&ctl->options, MFACTL_REQUIRE_MFA);

    if (!admin->require && mfactl_options_given(&ctl->options, MFACTL_GRACE)) {
        mfactl_print_error(ctl, MFACTL_USAGE,
                           "--grace goes with --require-mfa");
        return -1;
    }

    return mfactl_change_grace(ctl, &admin->grace_sec);
}


/* The codes of mfa_password_new_check, for people. */
static const char *
password_refusal(const char *code)
{
    size_t  i;

    static const struct {
        const char  *code;
        const char  *sentence;
    } refusals[] = {
        { "short", "the password is shorter than 8 characters" },
        { "long", "the password is too long" },
        { "encoding", "the password holds bytes that are no text" },
        { "login", "the password is the login" },
        { "common", "the password is one of those that are tried first" },
    };

    for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (mfa_str_is(mfa_str_from(code), refusals[i].code)) {
            return refusals[i].sentence;
        }
    }

    return code;
}


/* A new password from standard input, as a hash in out; an exit status. */
static int
take_password(const mfactl_t *ctl, const mfa_flow_admin_t *admin,
    mfa_buf_t *out)
{
    int          status;
    uint8_t      room[MFA_PASSWORD_MAX + 1], sentence[128];
    mfa_buf_t    line, why;
    const char  *code;

    mfa_buf_init(&line, room, sizeof(room));
    mfa_buf_init(&why, sentence, sizeof(sentence));

    if (mfactl_password_read(&line, &why) != 0) {
        status = mfactl_print_error(ctl, MFACTL_REFUSED, "%.*s", (int) why.len,
                                    (const char *) sentence);
        goto done;
    }

    code = mfa_admin_password_check(admin, ctl->portal,
                                    mfa_buf_since(&line, 0));

    if (code != NULL) {
        status = mfactl_print_error(ctl, MFACTL_REFUSED, "%s",
                                    password_refusal(code));

    } else if (mfactl_password_hash(mfa_buf_since(&line, 0), out) != 0) {
        status = mfactl_print_error(ctl, MFACTL_REFUSED,
                                    "the password could not be hashed");
    } else {
        status = MFACTL_DONE;
    }

done:

    mfa_wipe(room, sizeof(room));

    return status;
}


/* A crypt(5) string from standard input. */
static int
take_hash(const mfactl_t *ctl, mfa_buf_t *out)
{
    uint8_t    sentence[128];
    mfa_buf_t  why;

    mfa_buf_init(&why, sentence, sizeof(sentence));

    if (mfactl_password_read(out, &why) != 0
        || !mfa_password_format_check(mfa_buf_since(out, 0)))
    {
        return mfactl_print_error(ctl, MFACTL_REFUSED,
                                  "standard input holds no crypt(5) string");
    }

    return MFACTL_DONE;
}


/* The password of a new account: one of four ways to have none or one. */
static int
take_first_password(const mfactl_t *ctl, const mfa_flow_admin_t *admin,
    mfa_buf_t *out)
{
    int  from_stdin, from_hash, none, invite;

    from_stdin = mfactl_options_given(&ctl->options, MFACTL_PASSWORD_STDIN);
    from_hash = mfactl_options_given(&ctl->options, MFACTL_HASH_STDIN);
    none = mfactl_options_given(&ctl->options, MFACTL_NO_PASSWORD);

    invite = mfactl_options_given(&ctl->options, MFACTL_INVITE);

    if (from_stdin + from_hash + none + invite != 1) {
        return mfactl_print_error(ctl, MFACTL_USAGE, "account add needs one of"
                                  " --password-stdin, --password-hash-stdin,"
                                  " --no-password, --invite");
    }

    return from_stdin ? take_password(ctl, admin, out)
           : from_hash ? take_hash(ctl, out) : MFACTL_DONE;
}


int
mfactl_account_add(mfactl_t *ctl)
{
    int                status;
    uint8_t            room[MFA_HASH_TEXT_MAX];
    mfa_buf_t          hash;
    mfa_str_t         *logins;
    mfa_flow_admin_t   admin;

    mfa_flow_admin_init(&admin);
    admin.action = MFA_ADMIN_ADD;
    logins = mfactl_change_logins(ctl);

    if (logins == NULL || take_profile(ctl, &admin) != 0
        || take_requirement(ctl, &admin) != 0)
    {
        return MFACTL_USAGE;
    }

    mfa_buf_init(&hash, room, sizeof(room));
    admin.login = logins[0];
    status = take_first_password(ctl, &admin, &hash);

    if (status == MFACTL_DONE) {
        admin.password = mfa_buf_since(&hash, 0);
        admin.invite = mfactl_options_given(&ctl->options, MFACTL_INVITE);
        status = mfactl_change(ctl, &admin);
    }

    mfa_wipe(room, sizeof(room));

    return status;
}


int
mfactl_account_password(mfactl_t *ctl)
{
    int                status;
    uint8_t            room[MFA_HASH_TEXT_MAX];
    mfa_buf_t          hash;
    mfa_str_t         *logins;
    mfa_flow_admin_t   admin;

    if (!mfactl_options_given(&ctl->options, MFACTL_PASSWORD_STDIN)) {
        return mfactl_print_error(ctl, MFACTL_USAGE,
                                  "account password needs --password-stdin");
    }

    logins = mfactl_change_logins(ctl);

    if (logins == NULL) {
        return MFACTL_USAGE;
    }

    mfa_flow_admin_init(&admin);
    admin.action = MFA_ADMIN_PASSWORD;
    mfa_buf_init(&hash, room, sizeof(room));
    admin.login = logins[0];
    status = take_password(ctl, &admin, &hash);

    if (status == MFACTL_DONE) {
        admin.password = mfa_buf_since(&hash, 0);
        status = mfactl_change(ctl, &admin);
    }

    mfa_wipe(room, sizeof(room));

    return status;
}


static int
simple_change(mfactl_t *ctl, mfa_admin_e action)
{
    mfa_flow_admin_t  admin;

    mfa_flow_admin_init(&admin);
    admin.action = action;

    return mfactl_change(ctl, &admin);
}


int
mfactl_account_delete(mfactl_t *ctl)
{
    return simple_change(ctl, MFA_ADMIN_DELETE);
}


int
mfactl_account_disable(mfactl_t *ctl)
{
    return simple_change(ctl, MFA_ADMIN_DISABLE);
}


int
mfactl_account_enable(mfactl_t *ctl)
{
    return simple_change(ctl, MFA_ADMIN_ENABLE);
}
