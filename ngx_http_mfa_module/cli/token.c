/*
 * mfactl token: tokens of the JSON API.  A token's text is printed once, when it
 * is made; the store keeps its hash.
 */

#include "cli/change.h"
#include "cli/print.h"
#include "core/duration.h"
#include "core/flow_token.h"

#include <stdio.h>
#include <time.h>

#define LIFE_SEC  (90 * 86400)              /* unless said otherwise */


static int
refusal(const mfactl_t *ctl, const mfa_flow_token_t *token)
{
    switch (token->flow.outcome) {
    case MFA_OUTCOME_ABSENT:
        return mfactl_print_error(ctl, MFACTL_REFUSED, "%s",
                                  token->action == MFA_TOKEN_ADD
                                  ? "there is no such account"
                                  : "there is no such token");
    case MFA_OUTCOME_FORBIDDEN:
        return mfactl_print_error(ctl, MFACTL_REFUSED, "the account may not"
                                  " what a token of that role might: its own"
                                  " role is another, or it counts for nothing"
                                  " while it is disabled, locked out or has"
                                  " yet to set MFA up at once");
    case MFA_OUTCOME_CONFLICT:
        return mfactl_print_error(ctl, MFACTL_REFUSED, "%s",
                                  token->why == MFA_WHY_EXISTS
                                  ? "the portal has as many tokens as it can"
                                  : "somebody else keeps changing it, try"
                                    " again");
    case MFA_OUTCOME_REFUSED:
        return mfactl_print_error(ctl, MFACTL_USAGE, "token %s",
                                  token->action == MFA_TOKEN_ADD
                                  ? "add needs --name with text and --role"
                                    " with a role"
                                  : "revoke takes an ID of token list");
    default:
        return mfactl_print_unavailable(ctl);
    }
}


static json_t *
describe(const mfa_listed_token_t *row)
{
    json_t                *object;
    const mfa_apitoken_t  *token;

    token = &row->token;
    object = mfactl_print_need(json_object());

    json_object_set_new(object, "id",
                        mfactl_print_text(mfa_session_short(row->hash)));
    json_object_set_new(object, "name", mfactl_print_text(token->name));
    json_object_set_new(object, "role", mfactl_print_text(mfa_str_from(
                        mfa_role_name(token->role))));
    json_object_set_new(object, "login", mfactl_print_text(token->login));
    json_object_set_new(object, "created", mfactl_print_time(token->created));
    json_object_set_new(object, "expires", mfactl_print_time(token->expires));
    json_object_set_new(object, "used", mfactl_print_time(token->used));

    return object;
}


static mfa_outcome_e
run(mfactl_t *ctl, mfa_flow_token_t *token)
{
    token->flow.env.portal = ctl->portal;
    token->flow.env.random = mfactl_change_random;
    token->actor = mfactl_change_actor(ctl);

    return mfactl_drive_run(&ctl->drive, &token->flow);
}


static int
take_life(const mfactl_t *ctl, int64_t *sec)
{
    mfa_str_t  text;

    *sec = LIFE_SEC;

    if (!mfactl_options_given(&ctl->options, MFACTL_EXPIRES)) {
        return MFACTL_DONE;
    }

    text = mfactl_options_text(&ctl->options, MFACTL_EXPIRES);

    if (mfa_duration_parse(text, sec) != 0 || *sec < 1
        || *sec > MFA_APITOKEN_LIFE_MAX)
    {
        return mfactl_print_error(ctl, MFACTL_USAGE, "--expires \"%s\" is no"
                                  " time between 1s and %dd",
                                  (const char *) text.data,
                                  MFA_APITOKEN_LIFE_MAX / 86400);
    }

    return MFACTL_DONE;
}


int
mfactl_token_add(mfactl_t *ctl)
{
    int                      status;
    json_t                  *doc;
    mfa_str_t               *logins;
    static mfa_flow_token_t  token;

    mfa_flow_token_init(&token);
    token.action = MFA_TOKEN_ADD;
    token.name = mfactl_options_text(&ctl->options, MFACTL_NAME);
    token.role = mfa_role_find(mfactl_options_text(&ctl->options, MFACTL_ROLE));
    status = take_life(ctl, &token.life_sec);
    logins = mfactl_change_logins(ctl);

    if (status != MFACTL_DONE || logins == NULL) {
        return MFACTL_USAGE;
    }

    token.login = logins[0];

    if (run(ctl, &token) != MFA_OUTCOME_DONE) {
        return refusal(ctl, &token);
    }

    if (ctl->json) {
        doc = describe(&token.tokens[0]);
        json_object_set_new(doc, "token", mfactl_print_text((mfa_str_t) {
                            token.text, sizeof(token.text) }));
        mfactl_print(ctl, doc, NULL, NULL);

    } else {
        printf("%.*s\n", (int) sizeof(token.text), (const char *) token.text);
    }

    mfa_wipe(token.text, sizeof(token.text));

    return MFACTL_DONE;
}


int
mfactl_token_list(mfactl_t *ctl)
{
    size_t                   i;
    json_t                  *doc, *rows;
    static mfa_flow_token_t  token;

    static const mfactl_column_t  columns[] = {
        { "id", "ID" }, { "name", "NAME" }, { "role", "ROLE" },
        { "login", "LOGIN" }, { "created", "CREATED" },
        { "expires", "EXPIRES" }, { "used", "USED" }, { NULL, NULL }
    };

    mfa_flow_token_init(&token);

    if (run(ctl, &token) != MFA_OUTCOME_DONE) {
        return refusal(ctl, &token);
    }

    rows = mfactl_print_need(json_array());

    for (i = 0; i < token.n_tokens; i++) {
        json_array_append_new(rows, describe(&token.tokens[i]));
    }

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "portal", mfactl_print_text(ctl->portal->name));
    json_object_set_new(doc, "tokens", rows);
    mfactl_print(ctl, doc, "tokens", columns);

    return MFACTL_DONE;
}


int
mfactl_token_revoke(mfactl_t *ctl)
{
    static mfa_flow_token_t  token;

    mfa_flow_token_init(&token);
    token.action = MFA_TOKEN_REVOKE;
    token.ref = mfa_str_from(ctl->args[0]);

    if (run(ctl, &token) != MFA_OUTCOME_DONE) {
        return refusal(ctl, &token);
    }

    mfactl_print(ctl, describe(&token.tokens[0]), NULL, NULL);

    return MFACTL_DONE;
}
