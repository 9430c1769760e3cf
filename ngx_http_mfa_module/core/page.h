/*
 * The vocabulary of pages: which there are, what a template may name, which
 * error codes a page can show.  Shared by the template compiler's callers, the
 * shell that fills the models, and the test that compares templates and
 * translations with it.  To add a page, add its row here, its template, and its
 * handler in nginx/pages.c.
 */

#ifndef MFA_PAGE_H
#define MFA_PAGE_H

/* id, data-mfa-page and template NAME.html */
#define MFA_PAGES(X)                                                          \
    X(LOGIN,       "login")                                                   \
    X(CODE,        "code")                                                    \
    X(ENROL_APP,   "enrol-app")                                               \
    X(ENROL_SCAN,  "enrol-scan")                                              \
    X(ENROL_DONE,  "enrol-done")                                              \
    X(RECOVERY,    "recovery")    /* codes made anew, shown once */           \
    X(VALIDATE,    "validate")                                                \
    X(LOCKED,      "locked")                                                  \
    X(BLOCKED,     "blocked")                                                 \
    X(UNAVAILABLE, "unavailable")                                             \
    X(SECURITY,    "security")                                                \
    X(SETUP,       "setup")       /* where the link of a set-up mail leads */ \
    X(PASSWORD,    "password")    /* the same, to choose a new one */         \
    X(RESET_SENT,  "reset-sent")                                              \
    X(LOGGED_OUT,  "logged-out")  /* where the login page has no form */      \
    X(ERROR,       "error")       /* any other refusal, error says which */   \
    X(CONSOLE_HOME, "console-home")                                           \
    X(CONSOLE_LIST, "console-list")                                           \
    X(CONSOLE_ACCOUNT, "console-account")                                     \
    X(CONSOLE_NEW, "console-new")                                             \
    X(CONSOLE_BULK, "console-bulk")  /* asks before anything changes */       \
    X(CONSOLE_RESULTS, "console-results")  /* of a bulk, for each account */  \
    X(CONSOLE_CONFIRM, "console-confirm")  /* asks before an account goes */  \
    X(CONSOLE_CONFLICT, "console-conflict")  /* somebody else changed it */   \
    X(CONSOLE_AUDIT, "console-audit")                                         \
    X(CONSOLE_SETTINGS, "console-settings")                                   \
    X(CONSOLE_ERROR, "console-error")  /* any other refusal */

/* What a template may name. */
#define MFA_PAGE_NAMES(X)                                                     \
    X(BRAND,       "brand")       /* text: the portal's name for people */    \
    X(COLOR,       "color")       /* text: #rrggbb or nothing */              \
    X(STYLE,       "style")       /* markup: the style sheet */               \
    X(LANG,        "lang")        /* text: language tag of the page */        \
    X(PAGE,        "page")        /* text: data-mfa-page */                   \
    X(BASE,        "base")        /* text: the pages path, "/mfa/" */         \
    X(HOME,        "home")        /* text: where "continue" leads */          \
    X(CSRF,        "csrf")        /* text: the form's token */                \
    X(NEXT,        "next")        /* text: return URL or nothing */           \
    X(NEXT_QUERY,  "next_query")  /* text: "?next=..." or nothing */          \
    X(ERROR,       "error")       /* text: error code or nothing */           \
    X(ERROR_TEXT,  "error_text")  /* text: its translation */                 \
    X(MINUTES,     "minutes")     /* number: wait, with error "limited" */    \
    X(LOGIN,       "login")       /* text: login typed, or of the session */  \
    X(PERSON,      "person")      /* text: display name, or the login */      \
    X(EMAIL,       "email")       /* text */                                  \
    X(ISSUER,      "issuer")      /* text: as shown in the app */             \
    X(DIGITS,      "digits")      /* number: of a code */                     \
    X(QR,          "qr")          /* markup: the SVG */                       \
    X(KEY,         "key")         /* text: the key in groups of four */       \
    X(OTPAUTH,     "otpauth")     /* text: the URI */                         \
    X(GRACE,       "grace")       /* flag: a deadline is running */           \
    X(DAYS,        "days")        /* number: whole days left, when over 1 */  \
    X(HOURS,       "hours")       /* number: hours left, in the last day */   \
    X(DEADLINE,    "deadline")    /* text: its date */                        \
    X(PUT_OFF,     "put_off")     /* flag: "set up later" is offered */       \
    X(REQUIRED,    "required")    /* flag */                                  \
    X(ENROLLED,    "enrolled")    /* flag */                                  \
    X(ENROLLED_ON, "enrolled_on") /* text: a date */                          \
    X(VALIDATED,   "validated")   /* flag */                                  \
    X(SIGNED_IN,   "signed_in")   /* flag: show who, and log out */           \
    X(STEP_UP,     "step_up")     /* flag: a fresh code is asked again */     \
    X(COMBINED,    "combined")    /* flag: the login form asks for the code */\
    X(LOGGED_OUT,  "logged_out")  /* flag: just logged out */                 \
    X(IDENTITY,    "identity")    /* flag: there is no password here */       \
    X(MAILTOKEN,   "mailtoken")   /* text: of the mailed link that led here */\
    X(FIRST,       "first")       /* flag: the account has no password yet */ \
    X(SELF_RESET,  "self_reset")  /* flag: a link can be asked for */         \
    X(DONE,        "done")        /* flag: what was asked for is done */      \
    X(GONE,        "gone")        /* flag: it was over already */             \
    X(SINCE,       "since")       /* text: when this session began */         \
    X(ADDRESS,     "address")     /* text: where it was opened from */        \
    X(SESSIONS,    "sessions")    /* list: open sessions, newest first */     \
    X(OTHERS,      "others")      /* flag: there is another than this */      \
    X(DEVICES,     "devices")     /* list: trusted browsers, newest first */  \
    X(HAS_DEVICES, "has_devices") /* flag: there is one */                    \
    X(REF,         "ref")         /* text: names a row's session, browser */  \
    X(THIS,        "this")        /* flag: the row is this session, browser */\
    X(BEGUN,       "begun")       /* text: date and time of a row */          \
    X(SEEN,        "seen")        /* text: the same, last time */             \
    X(UNTIL,       "until")       /* text: a date, end of a trust */          \
    X(AGENT,       "agent")       /* text: browser and system of a row */     \
    X(LOCAL,       "local")       /* flag: the password is the portal's */    \
    X(REPLACES,    "replaces")    /* flag: there is a factor until then */    \
    X(REPLACED,    "replaced")    /* flag: another factor is in its place */  \
    X(RESET,       "reset")       /* flag: the same, by a mailed link */      \
    X(RECOVERY,    "recovery")    /* flag: a recovery code is typed */        \
    X(RECOVERY_CODES, "recovery_codes") /* text: new ones, a line each */     \
    X(RECOVERY_LEFT, "recovery_left")   /* number: of recovery codes */       \
    X(RECOVERY_FEW, "recovery_few")     /* flag: it is time for new ones */   \
    X(REMEMBER,    "remember")    /* flag: browsers can be trusted */         \
    X(REMEMBER_DAYS, "remember_days")   /* number: for how long */            \
    X(REMEMBER_HOURS, "remember_hours") /* number: when under two days */     \
    /* The console's. */                                                      \
    X(CONSOLE, "console")  /* text: the console's path */                     \
    X(CONSOLE_STYLE, "console_style")  /* markup: its own style sheet */      \
    X(TITLE, "title")  /* text: what a row is called */                       \
    X(URL, "url")  /* text: where a row or a link leads */                    \
    X(HERE, "here")  /* flag: the row is where one is */                      \
    X(MANAGES, "manages")  /* flag: admins are seen to here */                \
    X(ADMINS, "admins")  /* flag: the accounts are admins */                  \
    X(PORTAL, "portal")  /* text: whose accounts */                           \
    X(PORTALS, "portals")  /* list: portals of the left panel */              \
    X(AT_HOME, "at_home")  /* flag */                                         \
    X(AT_ADMINS, "at_admins")  /* flag */                                     \
    X(AT_AUDIT, "at_audit")  /* flag */                                       \
    X(AT_SETTINGS, "at_settings")  /* flag */                                 \
    X(MAY_HOME, "may_home")  /* flag */                                       \
    X(MAY_AUDIT, "may_audit")  /* flag */                                     \
    X(MAY_SETTINGS, "may_settings")  /* flag */                               \
    X(MAY_TOKENS, "may_tokens")  /* flag */                                   \
    X(MAY_LOOK, "may_look")  /* flag */                                       \
    X(MAY_ADD, "may_add")  /* flag */                                         \
    X(MAY_BULK, "may_bulk")  /* flag */                                       \
    X(MAY_REQUIRE, "may_require")  /* flag */                                 \
    X(MAY_RESET, "may_reset")  /* flag */                                     \
    X(MAY_UNLOCK, "may_unlock")  /* flag */                                   \
    X(MAY_EXTEND, "may_extend")  /* flag */                                   \
    X(MAY_RESEND, "may_resend")  /* flag: a mail that is due */               \
    X(MAY_INVITE, "may_invite")  /* flag: invitations go from here */         \
    X(INVITED, "invited")  /* flag: one is chosen */                          \
    X(RESEND, "resend")  /* flag: a bulk of mails */                          \
    X(MAILED, "mailed")  /* flag: a mail is queued */                         \
    X(MAY_SESSIONS, "may_sessions")  /* flag */                               \
    X(MAY_ACCOUNT, "may_account")  /* flag */                                 \
    X(MAY_ROLE, "may_role")  /* flag */                                       \
    X(PROOF_DUE, "proof_due")  /* flag: writing needs a proof first */        \
    X(PROOF_CODE, "proof_code")  /* flag: a code, else the password */        \
    X(PROOF_ENROL, "proof_enrol")  /* flag: a factor must be set up first */  \
    X(PROOF_NAME, "proof_name")  /* text: which of them is due */             \
    X(PROOF_URL, "proof_url")  /* text: where it is given */                  \
    X(ROLE, "role")  /* text: name of a role */                               \
    X(ROLE_TEXT, "role_text")  /* text: its translation */                    \
    X(ROLES, "roles")  /* list: roles to choose from */                       \
    X(STATE, "state")  /* text: of the key, as it is called */                \
    X(STATE_TEXT, "state_text")  /* text: its translation */                  \
    X(GOOD, "good")  /* flag: there is a factor */                            \
    X(FAULT, "fault")  /* flag: at odds with itself */                        \
    X(LOCKED, "locked")  /* flag: the deadline is over */                     \
    X(DISABLED, "disabled")  /* flag */                                       \
    X(DUE, "due")  /* flag: at the next login */                              \
    X(DIRECTORY, "directory")  /* text: who owns the account */               \
    X(DIRECTORY_OFF, "directory_off")  /* flag: it may not be required */     \
    X(BY_PORTAL, "by_portal")  /* flag: the portal requires it */             \
    X(DEFAULT_ON, "default_on")  /* flag: the portal requires new ones */     \
    X(VERSION, "version")  /* number: of the account */                       \
    X(CREATED, "created")  /* text: a date */                                 \
    X(ACCOUNT, "account")  /* list: the one the page is about */              \
    X(ROWS, "rows")  /* list */                                               \
    X(HAS_ROWS, "has_rows")  /* flag */                                       \
    X(EVENTS, "events")  /* list: of the audit */                             \
    X(HAS_EVENTS, "has_events")  /* flag */                                   \
    X(EVENT, "event")  /* text */                                             \
    X(RESULT, "result")  /* text */                                           \
    X(REASON, "reason")  /* text */                                           \
    X(ACTOR, "actor")  /* text */                                             \
    X(BY_TOKEN, "by_token")  /* text: of the API, or nothing */               \
    X(DETAIL, "detail")  /* text */                                           \
    X(AT, "at")  /* text: when */                                             \
    X(MORE_URL, "more_url")  /* text: next page or nothing */                 \
    X(FIRST_URL, "first_url")  /* text: first page or nothing */              \
    X(BACK_URL, "back_url")  /* text: where cancel leads */                   \
    X(SEARCH, "search")  /* text: as typed */                                 \
    X(SHOW, "show")  /* text: name of a filter */                             \
    X(FILTERS, "filters")  /* list */                                         \
    X(VALUE, "value")  /* text: of a choice */                                \
    X(TEXT, "text")  /* text: of a choice or result */                        \
    X(FORECAST, "forecast")  /* flag: the list is a forecast */               \
    X(TOTAL, "total")  /* number */                                           \
    X(LOGINS, "logins")  /* text: logins, blanks between */                   \
    X(COUNT, "count")  /* number */                                           \
    X(COUNTS, "counts")  /* list: numbers of each portal */                   \
    X(N_ENROLLED, "n_enrolled")  /* number */                                 \
    X(N_NOT_REQUIRED, "n_not_required")  /* number */                         \
    X(N_GRACE, "n_grace")  /* number */                                       \
    X(N_DUE, "n_due")  /* number */                                           \
    X(N_LOCKED, "n_locked")  /* number */                                     \
    X(N_FORECAST, "n_forecast")  /* number */                                 \
    X(URL_ENROLLED, "url_enrolled")  /* text */                               \
    X(URL_NOT_REQUIRED, "url_not_required")  /* text */                       \
    X(URL_GRACE, "url_grace")  /* text */                                     \
    X(URL_DUE, "url_due")  /* text */                                         \
    X(URL_LOCKED, "url_locked")  /* text */                                   \
    X(URL_FORECAST, "url_forecast")  /* text */                               \
    X(STALE, "stale")  /* flag: some numbers are old */                       \
    X(WIDGET, "widget")  /* flag: the tile is on the page */                  \
    X(WIDGET_ON, "widget_on")  /* flag: as it is set */                       \
    X(WIDGET_ACT, "widget_act")  /* flag: one may act on its list */          \
    X(CHOICES, "choices")  /* list: days to choose from */                    \
    X(ONE, "one")  /* flag: a single day */                                   \
    X(ACTION, "action")  /* text: name of an action */                        \
    X(FIELD_EVENT, "field_event")  /* text: of a filter */                    \
    X(FIELD_LOGIN, "field_login")  /* text: typed */                          \
    X(FIELD_NAME, "field_name")  /* text: typed */                            \
    X(FIELD_EMAIL, "field_email")  /* text: typed */                          \
    X(FIELD_REASON, "field_reason")  /* text: typed */                        \
    X(TOKENS, "tokens")  /* list: of the API */                               \
    X(HAS_TOKENS, "has_tokens")  /* flag */                                   \
    X(TOKEN, "token")  /* text: shown once */                                 \
    X(USED, "used")  /* text: when last */                                    \
    X(OWN, "own")  /* flag: it is the one who looks */                        \
    X(CHANGED, "changed")  /* number: of a bulk */                            \
    X(FAILED, "failed")  /* number: of a bulk */

/* Error codes: data-mfa-error, translated as "error_CODE" ('-' as '_'). */
#define MFA_PAGE_ERRORS(X)                                                    \
    X(CREDENTIALS,  "credentials")   /* login or password is wrong */         \
    X(CODE,         "code")          /* the code is wrong or was used */      \
    X(CODES,        "codes")         /* not two codes that follow each other */\
    X(LIMITED,      "limited")       /* too many attempts */                  \
    X(CSRF,         "csrf")          /* form token absent or of another */    \
    X(ORIGIN,       "origin")        /* posted from another site */           \
    X(FORM,         "form")          /* malformed, repeated, not UTF-8 */     \
    X(TOO_LARGE,    "too-large")                                              \
    X(METHOD,       "method")        /* not allowed here */                   \
    X(NOT_FOUND,    "not-found")                                              \
    X(FORBIDDEN,    "forbidden")     /* not for this session */               \
    X(NO_ACCOUNT,   "no-account")    /* nginx knows who it is, nobody here */ \
    X(EXPIRED,      "expired")       /* the set-up took too long */           \
    X(CONFLICT,     "conflict")      /* changed meanwhile */                  \
    X(FAULT,        "fault")         /* ask an admin */                       \
    X(LINK,         "link")          /* a mailed one that is none any more */ \
    X(NO_MAIL,      "no-mail")       /* no address to send a link to */       \
    X(PASSWORD_SHORT, "password-short")                                       \
    X(PASSWORD_FORM, "password-form")  /* too long, or no text */             \
    X(PASSWORD_COMMON, "password-common")  /* the first that are guessed */   \
    X(PASSWORD_DIFFER, "password-differ")  /* not typed alike twice */        \
    X(PASSWORD_CURRENT, "password-current")  /* the current one is wrong */   \
    X(INSECURE,     "insecure")      X(UNAVAILABLE,  "unavailable")   /* the store cannot answer */            \
    /* The console's. */                                                      \
    X(RIGHT,        "right")         /* the role may not */                   \
    X(LAST,         "last")          /* administrator_with_billing */         \
    X(DIRECTORY,    "directory")     /* its accounts may not be required */   \
    X(NOT_REQUIRED, "not-required")  /* nothing to extend */                  \
    X(SHORTER,      "shorter")       /* no extension */                       \
    X(CHANGED,      "changed")       /* by somebody else, since it was shown */\
    X(BUSY,         "busy")          /* others keep changing it */            \
    X(EXISTS,       "exists")        /* such a login */                       \
    X(ABSENT,       "absent")        /* no such account any more */           \
    X(INPUT,        "input")         /* what was typed cannot be */           \
    X(NEW_LOGIN,    "new-login")     /* no canonical login */                 \
    X(NEW_EMAIL,    "new-email")                                              \
    X(NEW_NAME,     "new-name")                                               \
    X(NEW_PASSWORD, "new-password")                                           \
    X(NO_REASON,    "no-reason")     /* an extension without one */           \
    X(NOBODY,       "nobody")        /* no account was selected */            \
    X(TOKENS,       "tokens")        /* there are too many already */         \
    X(NOT_MAILED,   "not-mailed")    /* none goes to this account */          \
    X(NOTHING_DUE,  "nothing-due")   /* it needs none */                      \
    X(UNLOCKS,      "unlocks")       /* of it, too many in 30 days */         \
    X(ENROL_FIRST,  "enrol-first")   /* a factor is the only proof here */

/* Words that are chosen when a page is made, translated as "word_NAME" ('-' as
   '_'): lists of accounts, states of keys, roles, what was done, and what came of
   each account of a bulk. */
#define MFA_PAGE_WORDS(X)                                                     \
    X(ROWS_ALL, "rows-all")                                                   \
    X(ROWS_REQUIRED, "rows-required")                                         \
    X(ROWS_NOT_REQUIRED, "rows-not-required")                                 \
    X(ROWS_ENROLLED, "rows-enrolled")                                         \
    X(ROWS_UNENROLLED, "rows-unenrolled")                                     \
    X(ROWS_DUE, "rows-due")                                                   \
    X(ROWS_GRACE, "rows-grace")                                               \
    X(ROWS_LOCKED, "rows-locked")                                             \
    X(ROWS_FORECAST, "rows-forecast")                                         \
    X(KEY_FAULT, "key-fault")                                                 \
    X(KEY_NONE, "key-none")                                                   \
    X(KEY_PENDING, "key-pending")                                             \
    X(KEY_ENROLLED, "key-enrolled")                                           \
    X(KEY_VALIDATED, "key-validated")                                         \
    X(ROLE_ADMINISTRATOR_WITH_BILLING, "role-administrator-with-billing")     \
    X(ROLE_ADMINISTRATOR, "role-administrator")                               \
    X(ROLE_MANAGER, "role-manager")                                           \
    X(ROLE_HELP_DESK, "role-help-desk")                                       \
    X(ROLE_READ_ONLY, "role-read-only")                                       \
    X(ROLE_BILLING_ONLY, "role-billing-only")                                 \
    X(ROLE_COMMAND_RUNNER, "role-command-runner")                             \
    X(ROLE_COMMAND_RUNNER_WITH_BILLING, "role-command-runner-with-billing")   \
    X(ROLE_NONE, "role-none")                                                 \
    X(DONE_PERMISSIONS, "done-permissions")                                   \
    X(DONE_RESET, "done-reset")                                               \
    X(DONE_UNLOCK, "done-unlock")                                             \
    X(DONE_EXTEND, "done-extend")                                             \
    X(DONE_DISABLE, "done-disable")                                           \
    X(DONE_ENABLE, "done-enable")                                             \
    X(DONE_ROLE, "done-role")                                                 \
    X(DONE_EDIT, "done-edit")                                                 \
    X(DONE_END_SESSIONS, "done-end-sessions")                                 \
    X(DONE_END_DEVICES, "done-end-devices")                                   \
    X(DONE_ADD, "done-add")                                                   \
    X(DONE_RESEND, "done-resend")                                             \
    X(DONE_DELETE, "done-delete")                                             \
    X(DONE_WIDGET, "done-widget")                                             \
    X(DONE_REVOKE, "done-revoke")                                             \
    X(DONE_UNCHANGED, "done-unchanged")                                       \
    X(ITEM_RIGHT, "item-right")                                               \
    X(ITEM_LAST, "item-last")                                                 \
    X(ITEM_DIRECTORY, "item-directory")                                       \
    X(ITEM_NOT_REQUIRED, "item-not-required")                                 \
    X(ITEM_VERSION, "item-version")                                           \
    X(ITEM_BUSY, "item-busy")                                                 \
    X(ITEM_ABSENT, "item-absent")                                             \
    X(ITEM_REFUSED, "item-refused")                                           \
    X(ITEM_UNAVAILABLE, "item-unavailable")                                   \
    X(ITEM_NO_MAIL, "item-no-mail")                                           \
    X(ITEM_NOTHING_DUE, "item-nothing-due")                                   \
    X(ITEM_LIMITED, "item-limited")                                           \
    X(ITEM_MAILED, "item-mailed")                                             \
    X(ITEM_DONE, "item-done")                                                 \
    X(ITEM_UNCHANGED, "item-unchanged")

#define MFA_PAGE_ENUM_ID(id, name)  MFA_PAGE_##id,
#define MFA_PAGE_ENUM_VAR(id, name) MFA_VAR_##id,
#define MFA_PAGE_ENUM_ERR(id, name) MFA_ERR_##id,
#define MFA_PAGE_ENUM_WORD(id, name) MFA_WORD_##id,

typedef enum { MFA_PAGES(MFA_PAGE_ENUM_ID) MFA_PAGE_N } mfa_page_e;
typedef enum { MFA_PAGE_NAMES(MFA_PAGE_ENUM_VAR) MFA_VAR_N } mfa_var_e;
typedef enum {
    MFA_ERR_NONE = 0,
    MFA_PAGE_ERRORS(MFA_PAGE_ENUM_ERR)
    MFA_ERR_N
} mfa_error_e;

typedef enum { MFA_PAGE_WORDS(MFA_PAGE_ENUM_WORD) MFA_WORD_N } mfa_word_e;

extern const char *const  mfa_page_names[MFA_PAGE_N];
extern const char *const  mfa_var_names[MFA_VAR_N];
extern const char *const  mfa_error_names[MFA_ERR_N];  /* [0] is "" */
extern const char *const  mfa_word_names[MFA_WORD_N];

/* The word called PREFIX-NAME, where '_' counts as '-'; or -1. */
int mfa_word_find(const char *prefix, const char *name);

#endif /* MFA_PAGE_H */
