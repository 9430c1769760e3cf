/*
 * One mail as it leaves: its templates rendered, its headers made.
 */

#include "cli/change.h"
#include "cli/mailer.h"
#include "core/mail_header.h"

#include <stdlib.h>
#include <string.h>

#define SUBJECT_MAX  512                    /* bytes, before it is encoded */
#define N_HEADERS    6
#define HEADER_ROOM  (MFA_MAIL_HEADER_MAX + 512)

typedef struct {
    char     *text;                         /* both hold a token */
    char     *html;
    uint8_t   subject[SUBJECT_MAX];
    char      headers[N_HEADERS][HEADER_ROOM];
    char      from[MFA_EMAIL_MAX + 1];
    char      to[MFA_EMAIL_MAX + 1];
} paper_t;


static void
wiped(char *s)
{
    if (s != NULL) {
        mfa_wipe(s, strlen(s));
        free(s);
    }
}


/* Every line ends with CR LF, as in a mail; NULL without memory. */
static char *
render(const mfa_html_t *html, const mfa_value_t *model)
{
    size_t      i, len;
    char       *lines;
    uint8_t    *room;
    mfa_buf_t   out, wide;

    len = mfa_html_length(html, model);
    room = malloc(len + 1);
    lines = malloc(2 * len + 1);

    if (room == NULL || lines == NULL) {
        free(room);
        free(lines);
        return NULL;
    }

    mfa_buf_init(&out, room, len);
    mfa_html_render(html, model, &out);
    mfa_buf_init(&wide, lines, 2 * len);

    for (i = 0; i < out.len; i++) {
        if (room[i] == '\n') {
            mfa_buf_byte(&wide, '\r');
        }

        /* What a line ends with is said above; a zero byte would end the text. */
        if (room[i] != '\r' && room[i] != '\0') {
            mfa_buf_byte(&wide, room[i]);
        }
    }

    lines[wide.len] = '\0';
    mfa_wipe(room, out.len);
    free(room);

    return lines;
}


static void
render_subject(paper_t *paper, const mfa_html_t *html, mfa_value_t *model)
{
    mfa_buf_t  out;

    mfa_buf_init(&out, paper->subject, sizeof(paper->subject));
    mfa_html_render(html, model, &out);
    model[MFA_MAIL_VAR_SUBJECT].kind = MFA_VALUE_TEXT;
    model[MFA_MAIL_VAR_SUBJECT].text = mfa_buf_since(&out, 0);
}


static mfa_str_t
domain(mfa_str_t address)
{
    mfa_str_t  local, rest;

    mfa_str_cut(address, '@', &local, &rest);

    return rest;
}


/* A new one each time: a mail that goes twice has another link the second time,
   and must not be taken for the first. */
static int
message_id(mfa_buf_t *out, const mfa_portal_t *portal)
{
    size_t   i;
    uint8_t  random[16];

    static const char  hex[] = "0123456789abcdef";

    if (mfactl_change_random(random, sizeof(random)) != 0) {
        return -1;
    }

    mfa_buf_cstr(out, "Message-ID: <");

    for (i = 0; i < sizeof(random); i++) {
        mfa_buf_byte(out, (uint8_t) hex[random[i] >> 4]);
        mfa_buf_byte(out, (uint8_t) hex[random[i] & 15]);
    }

    mfa_buf_cstr(out, "@");
    mfa_buf_str(out, domain(portal->mail_from));
    mfa_buf_cstr(out, ">");

    return 0;
}


static int
write_headers(paper_t *paper, const mfa_value_t *model, const mfa_mail_t *mail,
    const mfa_portal_t *portal, int64_t now)
{
    size_t     i;
    mfa_buf_t  out[N_HEADERS];

    for (i = 0; i < N_HEADERS; i++) {
        mfa_buf_init(&out[i], paper->headers[i], HEADER_ROOM - 1);
    }

    mfa_mail_header_address(&out[0], "From",
                            model[MFA_MAIL_VAR_BRAND].text,
                            portal->mail_from);
    mfa_mail_header_address(&out[1], "To", mail->name, mail->to);
    mfa_mail_header_text(&out[2], "Subject",
                         model[MFA_MAIL_VAR_SUBJECT].text);
    mfa_mail_header_date(&out[3], now);
    mfa_buf_cstr(&out[5], "Auto-Submitted: auto-generated");

    if (message_id(&out[4], portal) != 0) {
        return -1;
    }

    for (i = 0; i < N_HEADERS; i++) {
        if (out[i].failed) {
            return -1;
        }

        paper->headers[i][out[i].len] = '\0';
    }

    return 0;
}


static void
write_address(char *out, mfa_str_t address)
{
    memcpy(out, address.data, address.len);
    out[address.len] = '\0';
}


static void
set_role(mfa_value_t *value, const mfactl_mail_theme_t *theme, mfa_str_t role)
{
    mfa_role_e  known;

    known = mfa_role_find(role);
    value->kind = MFA_VALUE_TEXT;
    value->text = role.len && known == MFA_ROLE_NONE ? role
                                                     : theme->roles[known];
}


static int
write_paper(paper_t *paper, const mfactl_mail_theme_t *theme,
    const mfa_flow_take_t *take, mfa_value_t *model)
{
    mfa_str_t                      before, after;
    const mfa_mail_t              *mail;
    const mfactl_mail_template_t  *template;

    mail = &take->mail;
    template = &theme->mails[mail->kind];

    model[MFA_MAIL_VAR_LANG].kind = MFA_VALUE_TEXT;
    model[MFA_MAIL_VAR_LANG].text = theme->locale;

    if (mfa_mail_roles(mail, &before, &after)) {
        set_role(&model[MFA_MAIL_VAR_ROLE_BEFORE], theme, before);
        set_role(&model[MFA_MAIL_VAR_ROLE_AFTER], theme, after);
    }

    render_subject(paper, &template->subject, model);
    write_address(paper->from, take->flow.env.portal->mail_from);
    write_address(paper->to, mail->to);

    paper->text = render(&template->text, model);
    paper->html = render(&template->html, model);

    return paper->text != NULL && paper->html != NULL
           ? write_headers(paper, model, mail, take->flow.env.portal,
                           take->flow.env.now)
           : -1;
}


mfa_sent_e
mfactl_letter_send(mfactl_smtp_t *smtp, const mfactl_mail_theme_t *themes,
    const mfactl_conf_t *conf, size_t i, const mfa_flow_take_t *take,
    mfa_buf_t *why)
{
    size_t                      n;
    paper_t                     paper;
    mfa_str_t                   token;
    mfa_sent_e                  sent;
    mfa_value_t                 model[MFA_MAIL_VAR_N];
    mfa_mail_room_t             room;
    mfactl_letter_t             letter;

    memset(&paper, 0, sizeof(paper));
    memset(&letter, 0, sizeof(letter));
    token = (mfa_str_t) { take->token, take->has_token ? MFA_TOKEN_CHARS : 0 };
    mfa_mail_model(model, &room, &take->mail, &conf->portals[i],
                   take->found == MFA_YES ? &take->account : NULL, token);

    if (write_paper(&paper, mfactl_mail_template_find(themes, conf, i,
                                                      &take->mail),
                    take, model) == 0)
    {
        letter.from = paper.from;
        letter.to = paper.to;
        letter.text = paper.text;
        letter.html = paper.html;

        for (n = 0; n < N_HEADERS; n++) {
            letter.headers[n] = paper.headers[n];
        }

        sent = mfactl_smtp_send(smtp, &letter, why);

    } else {
        mfa_buf_cstr(why, "the mail could not be written");
        sent = MFA_SENT_LATER;
    }

    wiped(paper.text);
    wiped(paper.html);
    mfa_wipe(&room, sizeof(room));

    return sent;
}
