/*
 * A mail server, see smtp.h.
 *
 * What the server says is seen through libcurl's trace, of which nothing is kept
 * but codes: a trace holds the password, and a server may quote a link.
 */

#include "cli/smtp.h"
#include "cli/file.h"

#include <stdio.h>
#include <string.h>

#define PASSWORD_FILE_MAX   4096
#define CONNECT_MSEC        10000
#define URL_MAX             512
/* A connection that was idle for longer is not used again: servers close them. */
#define IDLE_SEC            20L

/* How far a mail came. */
enum { BEFORE = 0, MAIL, RCPT, DATA };

typedef struct {
    const char  *scheme;
    const char  *becomes;                   /* libcurl's */
    long         tls;
    int          local;                     /* plain: on this machine alone */
} scheme_t;

static const scheme_t  schemes[] = {
    { "smtp://",       "smtp://",  CURLUSESSL_ALL,  0 },
    { "smtps://",      "smtps://", CURLUSESSL_ALL,  0 },
    { "smtp+plain://", "smtp://",  CURLUSESSL_NONE, 1 },
};


static int
refuse(mfa_buf_t *why, const char *what)
{
    mfa_buf_cstr(why, what);

    return -1;
}


static int
is_name(mfa_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        uint8_t  c = s.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'))
        {
            return 0;
        }
    }

    return s.len > 0 && s.len < 254 && s.data[0] != '-';
}


/* "[::1]:25" and "host:25"; an empty port is none. */
static int
split(mfa_str_t authority, mfa_str_t *host, mfa_str_t *port)
{
    size_t     i;
    mfa_str_t  rest;

    if (!mfa_str_begins(authority, "[")) {
        mfa_str_cut(authority, ':', host, port);
        return is_name(*host);
    }

    if (!mfa_str_cut(authority, ']', host, &rest) || host->len < 3
        || (rest.len && rest.data[0] != ':'))
    {
        return 0;
    }

    for (i = 1; i < host->len; i++) {
        if (strchr("0123456789abcdefABCDEF:.", host->data[i]) == NULL) {
            return 0;
        }
    }

    host->len++;
    *port = rest;
    port->data += rest.len != 0;
    port->len -= rest.len != 0;

    return 1;
}


static int
is_loopback(mfa_str_t host)
{
    return mfa_str_is(host, "localhost") || mfa_str_is(host, "127.0.0.1")
           || mfa_str_is(host, "[::1]");
}


/* What libcurl is given: the EHLO name is its path. */
static int
make_url(char *out, const scheme_t *scheme, mfa_str_t authority,
    const char *helo, mfa_buf_t *why)
{
    int64_t    n;
    mfa_str_t  host, port;

    if (authority.len && authority.data[authority.len - 1] == '/') {
        authority.len--;
    }

    if (memchr(authority.data, '@', authority.len) != NULL) {
        return refuse(why, "--smtp takes no user and no password, arguments can"
                      " be read by everybody; use --smtp-user and"
                      " --smtp-password-file");
    }

    if (!split(authority, &host, &port)
        || (port.len && (mfa_str_int(port, &n) != 0 || n < 1 || n > 65535)))
    {
        return refuse(why, "--smtp has no valid host and port");
    }

    if (scheme->local && !is_loopback(host)) {
        return refuse(why, "smtp+plain:// is for localhost, 127.0.0.1 and [::1]"
                      " alone: nothing else is reached without TLS");
    }

    snprintf(out, URL_MAX, "%s%.*s/%s", scheme->becomes, (int) authority.len,
             (const char *) authority.data, helo);

    return 0;
}


static int
set_address(CURL *curl, const mfactl_smtp_options_t *options, mfa_buf_t *why)
{
    char         url[URL_MAX];
    size_t       i;
    mfa_str_t    given, authority;
    const char  *helo;

    given = mfa_str_from(options->url);
    helo = options->helo ? options->helo : "";

    if (options->helo && !is_name(mfa_str_from(helo))) {
        return refuse(why, "--helo takes a host name");
    }

    if (mfa_str_begins(given, "smtp+unix:/") && given.len < 100) {
        snprintf(url, sizeof(url), "smtp://localhost/%s", helo);
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH,
                         options->url + sizeof("smtp+unix:") - 1);
        curl_easy_setopt(curl, CURLOPT_USE_SSL, (long) CURLUSESSL_NONE);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        return 0;
    }

    for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (!mfa_str_begins(given, schemes[i].scheme)) {
            continue;
        }

        authority = given;
        authority.data += strlen(schemes[i].scheme);
        authority.len -= strlen(schemes[i].scheme);

        if (make_url(url, &schemes[i], authority, helo, why) != 0) {
            return -1;
        }

        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_USE_SSL, schemes[i].tls);
        return 0;
    }

    return refuse(why, "--smtp takes smtp://HOST, smtps://HOST,"
                  " smtp+unix:/PATH or smtp+plain://localhost");
}


static int
set_login(CURL *curl, const mfactl_smtp_options_t *options, mfa_buf_t *why)
{
    char           *end;
    mfactl_file_t   file;

    if (options->user == NULL && options->password_file == NULL) {
        return 0;
    }

    if (options->user == NULL || options->password_file == NULL) {
        return refuse(why, "--smtp-user and --smtp-password-file go together");
    }

    if (mfactl_file_read_secret(&file, options->password_file,
                                PASSWORD_FILE_MAX, why) != 0)
    {
        return -1;
    }

    end = (char *) file.data + strcspn((char *) file.data, "\r\n");
    *end = '\0';
    curl_easy_setopt(curl, CURLOPT_USERNAME, options->user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, (char *) file.data);
    mfactl_file_free(&file);

    return 0;
}


/* "550 5.1.1 ..." and nothing of the rest. */
static void
note_code(mfactl_smtp_t *smtp, const char *line, size_t len)
{
    size_t  i;

    for (i = 0; i < len && i < sizeof(smtp->said) - 1
                && ((line[i] >= '0' && line[i] <= '9') || line[i] == '.'
                    || (i == 3 && line[i] == ' ')); i++)
    {
        smtp->said[i] = line[i];
    }

    while (i && smtp->said[i - 1] == ' ') {
        i--;
    }

    smtp->said[i] = '\0';
}


static int
trace(CURL *curl, curl_infotype type, char *data, size_t len, void *user)
{
    mfactl_smtp_t  *smtp;

    (void) curl;
    smtp = user;

    if (smtp->leaving) {
        return 0;
    }

    if (type == CURLINFO_HEADER_IN && len > 3) {
        note_code(smtp, data, len);

    } else if (type == CURLINFO_HEADER_OUT && len > 4) {
        /* What is said to QUIT is said of no mail. */
        smtp->leaving = memcmp(data, "QUIT", 4) == 0;
        smtp->phase = memcmp(data, "MAIL", 4) == 0 ? MAIL
                      : memcmp(data, "RCPT", 4) == 0 ? RCPT
                      : memcmp(data, "DATA", 4) == 0 ? DATA : smtp->phase;
    }

    return 0;
}


int
mfactl_smtp_open(mfactl_smtp_t *smtp, const mfactl_smtp_options_t *options,
    mfa_buf_t *why)
{
    CURL  *curl;
    long   connect;

    memset(smtp, 0, sizeof(mfactl_smtp_t));

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0
        || (smtp->curl = curl_easy_init()) == NULL)
    {
        return refuse(why, "libcurl does not start");
    }

    curl = smtp->curl;
    connect = options->timeout_msec < CONNECT_MSEC
              ? (long) options->timeout_msec : CONNECT_MSEC;

    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long) options->timeout_msec);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect);
    /* Behind the time limit there is still the answer to QUIT. */
    curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                     (long) (options->timeout_msec / 1000));
    curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_SEC);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    /* Of the environment nothing counts. */
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, trace);
    curl_easy_setopt(curl, CURLOPT_DEBUGDATA, smtp);

    if (options->ca
        && curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca) != CURLE_OK)
    {
        return refuse(why, "libcurl takes no --smtp-ca");
    }

    return set_address(curl, options, why) == 0
           && set_login(curl, options, why) == 0 ? 0 : -1;
}


void
mfactl_smtp_close(mfactl_smtp_t *smtp)
{
    if (smtp->curl != NULL) {
        curl_easy_cleanup(smtp->curl);
        smtp->curl = NULL;
        curl_global_cleanup();
    }
}


static int
add_part(curl_mime *mime, const char *data, const char *type)
{
    curl_mimepart  *part;

    part = curl_mime_addpart(mime);

    return part != NULL
           && curl_mime_data(part, data, CURL_ZERO_TERMINATED) == CURLE_OK
           && curl_mime_type(part, type) == CURLE_OK
           && curl_mime_encoder(part, "quoted-printable") == CURLE_OK ? 0 : -1;
}


static struct curl_slist *
header_list(const mfactl_letter_t *letter)
{
    size_t              i;
    struct curl_slist  *list, *longer;

    list = curl_slist_append(NULL, "Content-Type: multipart/alternative");

    for (i = 0; list != NULL && letter->headers[i] != NULL; i++) {
        longer = curl_slist_append(list, letter->headers[i]);

        if (longer == NULL) {
            curl_slist_free_all(list);
        }

        list = longer;
    }

    return list;
}


static CURLcode
perform(mfactl_smtp_t *smtp, int fresh)
{
    smtp->phase = BEFORE;
    smtp->said[0] = '\0';
    smtp->leaving = 0;
    curl_easy_setopt(smtp->curl, CURLOPT_FRESH_CONNECT, (long) fresh);

    return curl_easy_perform(smtp->curl);
}


/* A connection the server had closed, or closes now, says nothing of the mail. */
static int
was_old(mfactl_smtp_t *smtp)
{
    long  connects;

    return curl_easy_getinfo(smtp->curl, CURLINFO_NUM_CONNECTS, &connects)
           == CURLE_OK && connects == 0 && smtp->phase < DATA
           && (smtp->said[0] < '4' || memcmp(smtp->said, "421", 3) == 0);
}


/* 5xx before RCPT is said of this sender or to all mail: somebody has to put it
   right, and no mail is given up for it. */
static mfa_sent_e
judge(const mfactl_smtp_t *smtp, CURLcode code, mfa_buf_t *why)
{
    static const char *const  phases[] = { "", "MAIL", "RCPT", "DATA" };

    if (code == CURLE_OK) {
        return MFA_SENT_YES;
    }

    if (smtp->said[0] == '4' || smtp->said[0] == '5') {
        if (smtp->phase != BEFORE) {
            mfa_buf_cstr(why, phases[smtp->phase]);
            mfa_buf_cstr(why, ": ");
        }

        mfa_buf_cstr(why, smtp->said);

        return smtp->phase == BEFORE || memcmp(smtp->said, "421", 3) == 0
               || (smtp->phase == MAIL && smtp->said[0] == '5') ? MFA_SENT_NOT
               : smtp->said[0] == '5' ? MFA_SENT_NEVER : MFA_SENT_LATER;
    }

    mfa_buf_cstr(why, curl_easy_strerror(code));

    return smtp->phase == BEFORE ? MFA_SENT_NOT : MFA_SENT_LATER;
}


mfa_sent_e
mfactl_smtp_send(mfactl_smtp_t *smtp, const mfactl_letter_t *letter,
    mfa_buf_t *why)
{
    CURLcode            code;
    curl_mime          *mime;
    mfa_sent_e          sent;
    struct curl_slist  *headers, *recipients;

    mime = curl_mime_init(smtp->curl);
    headers = header_list(letter);
    recipients = curl_slist_append(NULL, letter->to);
    sent = MFA_SENT_NOT;

    if (mime != NULL && headers != NULL && recipients != NULL
        && add_part(mime, letter->text, "text/plain; charset=utf-8") == 0
        && add_part(mime, letter->html, "text/html; charset=utf-8") == 0)
    {
        curl_easy_setopt(smtp->curl, CURLOPT_MAIL_FROM, letter->from);
        curl_easy_setopt(smtp->curl, CURLOPT_MAIL_RCPT, recipients);
        curl_easy_setopt(smtp->curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(smtp->curl, CURLOPT_MIMEPOST, mime);

        code = perform(smtp, 0);

        if (code != CURLE_OK && was_old(smtp)) {
            code = perform(smtp, 1);
        }

        sent = judge(smtp, code, why);

    } else {
        mfa_buf_cstr(why, "out of memory");
    }

    curl_easy_setopt(smtp->curl, CURLOPT_MAIL_RCPT, NULL);
    curl_easy_setopt(smtp->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(smtp->curl, CURLOPT_MIMEPOST, NULL);
    curl_mime_free(mime);
    curl_slist_free_all(headers);
    curl_slist_free_all(recipients);

    return sent;
}
