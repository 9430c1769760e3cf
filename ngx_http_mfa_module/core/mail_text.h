/*
 * What a mail says: the names its templates may use, and their values for one
 * mail.  The parts are lua-free-templates/mail/NAME.txt and NAME.html, the
 * subject is the translation mail_NAME_subject.
 */

#ifndef MFA_MAIL_TEXT_H
#define MFA_MAIL_TEXT_H

#include "core/html.h"
#include "core/mail.h"

#define MFA_MAIL_LINK_MAX  400              /* bytes of a link */

#define MFA_MAIL_NAMES(X)                                                     \
    X(BRAND,    "brand")     /* text: the portal's name for people */         \
    X(ISSUER,   "issuer")    /* text: as shown in the app */                  \
    X(COLOR,    "color")     /* text: #rrggbb or nothing */                   \
    X(LANG,     "lang")      /* text: language tag */                         \
    X(SUBJECT,  "subject")   /* text */                                       \
    X(PERSON,   "person")    /* text: display name, or the login */           \
    X(LOGIN,    "login")     /* text */                                       \
    X(LINK,     "link")      /* text: with its token, or nothing */           \
    X(HOME,     "home")      /* text: base_url, or nothing */                 \
    X(MINUTES,  "minutes")   /* number: how long the link is good */          \
    X(DEADLINE, "deadline")  /* text: date and time, or nothing */            \
    X(AT_ONCE,  "at_once")   /* flag: due at the next login */                \
    X(WHEN,     "when")      /* text: when it happened */                     \
    X(ADDRESS,  "address")   /* text: where from, or nothing */               \
    X(DETAIL,   "detail")    /* text, or nothing */                           \
    X(ENROLLED, "enrolled")  /* flag: the account has a factor, now */        \
    X(SELF_RESET, "self_reset")  /* flag: its owner can ask for a reset */    \
    X(ROLE_BEFORE, "role_before")  /* text: of role-changed, or nothing */    \
    X(ROLE_AFTER, "role_after")    /* text: the same */

typedef enum {
#define MFA_MAIL_VAR_ENUM(id, name)  MFA_MAIL_VAR_##id,
    MFA_MAIL_NAMES(MFA_MAIL_VAR_ENUM)
#undef MFA_MAIL_VAR_ENUM
    MFA_MAIL_VAR_N
} mfa_mail_var_e;

extern const char *const  mfa_mail_var_names[MFA_MAIL_VAR_N];

/* Memory a model's texts are in; holds a token. */
typedef struct {
    uint8_t  link[MFA_MAIL_LINK_MAX];
    uint8_t  deadline[32];
    uint8_t  when[32];
} mfa_mail_room_t;

/*
 * Fills model[MFA_MAIL_VAR_N] for a mail to account, NULL when there is none any
 * more; token is empty for a mail without a link.  lang, subject and what roles
 * are called are the caller's.  The model's views point into all of these.
 */
void mfa_mail_model(mfa_value_t *model, mfa_mail_room_t *room,
    const mfa_mail_t *mail, const mfa_portal_t *portal,
    const mfa_account_t *account, mfa_str_t token);

/*
 * The roles a mail tells of, as they are stored; empty: none.  1, or 0 when it
 * tells of none.
 */
int mfa_mail_roles(const mfa_mail_t *mail, mfa_str_t *before,
    mfa_str_t *after);

/* Which of the portal's languages a mail speaks: its index. */
size_t mfa_mail_locale(const mfa_mail_t *mail, const mfa_portal_t *portal);

#endif /* MFA_MAIL_TEXT_H */
