/*
 * Accounts from Authelia's users file, see import.h: YAML, read by libyaml.
 *
 *     users:
 *       john:
 *         disabled: false
 *         displayname: 'John Doe'
 *         password: '$2b$12$...'
 *         email: john@example.com
 *
 * Other keys (groups, given_name, ...) have no place in an account and are not
 * looked at.  A merge key could bring what is looked at from elsewhere: a user
 * with one is refused, so that nobody who is disabled there comes in here.
 */

#include "cli/import.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

typedef struct {
    mfactl_imports_t  *entries;
    yaml_document_t   *doc;
} reading_t;


/* A node's text, in memory that outlives the document; 0, or -1. */
static int
text_of(reading_t *reading, const yaml_node_t *node, mfa_str_t *out)
{
    size_t    len;
    uint8_t  *copy;

    if (node == NULL || node->type != YAML_SCALAR_NODE) {
        return -1;
    }

    len = node->data.scalar.length;
    copy = mfactl_arena_alloc(reading->entries->arena, len + 1);
    memcpy(copy, node->data.scalar.value, len);
    *out = (mfa_str_t) { copy, len };

    return 0;
}


static int
set_disabled(mfactl_import_t *entry, const yaml_node_t *value)
{
    mfa_str_t  text;

    if (value == NULL || value->type != YAML_SCALAR_NODE) {
        return -1;
    }

    text = (mfa_str_t) { value->data.scalar.value, value->data.scalar.length };
    entry->disabled = mfa_str_is(text, "true");

    return entry->disabled || mfa_str_is(text, "false") ? 0 : -1;
}


/* One key of a user and its value. */
static const char *
take_pair(reading_t *reading, mfactl_import_t *entry, mfa_str_t key,
    const yaml_node_t *value)
{
    if (mfa_str_is(key, "disabled")) {
        return set_disabled(entry, value) == 0
               ? NULL : "disabled is neither true nor false";
    }

    if (mfa_str_is(key, "displayname")) {
        return text_of(reading, value, &entry->name) == 0
               ? NULL : "displayname is no text";
    }

    if (mfa_str_is(key, "password")) {
        return text_of(reading, value, &entry->hash) == 0
               ? NULL : "password is no text";
    }

    if (mfa_str_is(key, "email")) {
        return text_of(reading, value, &entry->email) == 0
               ? NULL : "email is no text";
    }

    return mfa_str_is(key, "<<") ? "merge keys are not taken" : NULL;
}


/* Which of the keys above this is; 0: none. */
static unsigned
bit_of(mfa_str_t key)
{
    size_t  i;

    static const char *const  keys[] = {
        "disabled", "displayname", "password", "email"
    };

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (mfa_str_is(key, keys[i])) {
            return 1u << i;
        }
    }

    return 0;
}


static void
take_user(reading_t *reading, mfactl_import_t *entry, const yaml_node_t *value)
{
    unsigned                seen;
    mfa_str_t               key;
    const yaml_node_pair_t  *pair;

    if (value == NULL || value->type != YAML_MAPPING_NODE) {
        entry->refusal = "there is nothing of a user below it";
        return;
    }

    seen = 0;

    for (pair = value->data.mapping.pairs.start;
         pair < value->data.mapping.pairs.top && entry->refusal == NULL;
         pair++)
    {
        if (text_of(reading, yaml_document_get_node(reading->doc, pair->key),
                    &key) != 0)
        {
            entry->refusal = "a key is no text";
            return;
        }

        entry->refusal = seen & bit_of(key) ? "a key is there twice"
                         : take_pair(reading, entry, key,
                                     yaml_document_get_node(reading->doc,
                                                            pair->value));
        seen |= bit_of(key);
    }
}


/* The value of the key users at the top; NULL when there is none, or two. */
static const yaml_node_t *
users_of(reading_t *reading)
{
    mfa_str_t                key;
    const yaml_node_t       *root, *found;
    const yaml_node_pair_t  *pair;

    found = NULL;
    root = yaml_document_get_root_node(reading->doc);

    if (root == NULL || root->type != YAML_MAPPING_NODE) {
        return NULL;
    }

    for (pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++)
    {
        if (text_of(reading, yaml_document_get_node(reading->doc, pair->key),
                    &key) == 0 && mfa_str_is(key, "users"))
        {
            if (found != NULL) {
                return NULL;
            }

            found = yaml_document_get_node(reading->doc, pair->value);
        }
    }

    return found != NULL && found->type == YAML_MAPPING_NODE ? found : NULL;
}


static int
take_users(reading_t *reading, mfa_buf_t *why)
{
    mfactl_import_t         *entry;
    const yaml_node_t       *users, *key;
    const yaml_node_pair_t  *pair;

    users = users_of(reading);

    if (users == NULL) {
        mfa_buf_cstr(why, "there are no \"users:\" in it");
        return -1;
    }

    for (pair = users->data.mapping.pairs.start;
         pair < users->data.mapping.pairs.top; pair++)
    {
        key = yaml_document_get_node(reading->doc, pair->key);
        entry = mfactl_imports_add(reading->entries, key->start_mark.line + 1);

        if (text_of(reading, key, &entry->login) != 0) {
            entry->refusal = "the name of a user is no text";
            continue;
        }

        if (mfa_str_is(entry->login, "<<")) {
            entry->refusal = "merge keys are not taken";
            continue;
        }

        take_user(reading, entry,
                  yaml_document_get_node(reading->doc, pair->value));
    }

    return 0;
}


int
mfactl_import_authelia(mfactl_imports_t *entries, mfactl_file_t *file,
    mfa_buf_t *why)
{
    int               rc;
    char              line[160];
    reading_t         reading;
    yaml_parser_t     parser;
    yaml_document_t   doc;

    if (!yaml_parser_initialize(&parser)) {
        mfa_buf_cstr(why, "out of memory");
        return -1;
    }

    yaml_parser_set_input_string(&parser, file->data, file->len);

    if (yaml_parser_load(&parser, &doc)) {
        reading.entries = entries;
        reading.doc = &doc;
        rc = take_users(&reading, why);
        yaml_document_delete(&doc);

    } else {
        snprintf(line, sizeof(line), "line %zu: %s",
                 parser.problem_mark.line + 1,
                 parser.problem != NULL ? parser.problem : "no YAML");
        mfa_buf_cstr(why, line);
        rc = -1;
    }

    yaml_parser_delete(&parser);

    return rc;
}
