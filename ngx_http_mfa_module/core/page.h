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
    X(VALIDATE,    "validate")                                                \
    X(LOCKED,      "locked")                                                  \
    X(BLOCKED,     "blocked")                                                 \
    X(UNAVAILABLE, "unavailable")                                             \
    X(SECURITY,    "security")                                                \
    X(LOGGED_OUT,  "logged-out")  /* where the login page has no form */      \
    X(ERROR,       "error")       /* any other refusal, error says which */

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
    X(REMEMBER,    "remember")    /* flag: browsers can be trusted */         \
    X(REMEMBER_DAYS, "remember_days")   /* number: for how long */            \
    X(REMEMBER_HOURS, "remember_hours") /* number: when under two days */

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
    X(INSECURE,     "insecure")      /* plain http where https is needed */   \
    X(UNAVAILABLE,  "unavailable")   /* the store cannot answer */

#define MFA_PAGE_ENUM_ID(id, name)  MFA_PAGE_##id,
#define MFA_PAGE_ENUM_VAR(id, name) MFA_VAR_##id,
#define MFA_PAGE_ENUM_ERR(id, name) MFA_ERR_##id,

typedef enum { MFA_PAGES(MFA_PAGE_ENUM_ID) MFA_PAGE_N } mfa_page_e;
typedef enum { MFA_PAGE_NAMES(MFA_PAGE_ENUM_VAR) MFA_VAR_N } mfa_var_e;
typedef enum {
    MFA_ERR_NONE = 0,
    MFA_PAGE_ERRORS(MFA_PAGE_ENUM_ERR)
    MFA_ERR_N
} mfa_error_e;

extern const char *const  mfa_page_names[MFA_PAGE_N];
extern const char *const  mfa_var_names[MFA_VAR_N];
extern const char *const  mfa_error_names[MFA_ERR_N];  /* [0] is "" */

#endif /* MFA_PAGE_H */
