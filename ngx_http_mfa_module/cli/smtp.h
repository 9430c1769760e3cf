/*
 * A mail server, by libcurl: one mail at a time, within a time limit, over TLS
 * that is verified or to this very machine.
 */

#ifndef MFACTL_SMTP_H
#define MFACTL_SMTP_H

#include "core/flow_mailer.h"

#include <curl/curl.h>

typedef struct {
    CURL  *curl;
    int    phase;                           /* how far it came */
    int    leaving;                         /* the rest is no answer to it */
    char   said[32];                        /* the server's last code */
} mfactl_smtp_t;

typedef struct {
    const char  *url;                       /* --smtp */
    const char  *user;                      /* NULL: without AUTH */
    const char  *password_file;
    const char  *ca;                        /* NULL: those of the system */
    const char  *helo;                      /* NULL: this host's name */
    int64_t      timeout_msec;              /* for a mail */
} mfactl_smtp_options_t;

/* A mail, ready: header lines without their ends, texts. */
typedef struct {
    const char  *from;                      /* addresses */
    const char  *to;
    const char  *headers[8];                /* ends with NULL */
    const char  *text;
    const char  *html;
} mfactl_letter_t;

/*
 * Prepares; nothing is opened yet.  URL is smtp://HOST[:PORT] (STARTTLS),
 * smtps://HOST[:PORT], smtp+unix:/PATH or smtp+plain://LOOPBACK[:PORT].  0, or
 * -1 with a sentence appended to why.
 */
int mfactl_smtp_open(mfactl_smtp_t *smtp, const mfactl_smtp_options_t *options,
    mfa_buf_t *why);
void mfactl_smtp_close(mfactl_smtp_t *smtp);

/* Sends one.  Unless MFA_SENT_YES, why is appended to: what the server did,
   never what it said of the mail. */
mfa_sent_e mfactl_smtp_send(mfactl_smtp_t *smtp, const mfactl_letter_t *letter,
    mfa_buf_t *why);

#endif /* MFACTL_SMTP_H */
