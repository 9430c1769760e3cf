/*
 * User agents, see agent.h.  Each table is read from the top: browsers name
 * those they want to be taken for as well.
 *
 * The ids stand in records, the browser's in the upper half of a byte, the
 * system's in the lower: a name keeps its id, and what is new takes a free one.
 */

#include "core/agent.h"

#include <string.h>


typedef struct {
    uint8_t      id;                        /* 1 .. 15 */
    const char  *mark;
    const char  *name;
} known_t;

static const known_t  browsers[] = {
    { 1, "Edg/", "Edge" },
    { 1, "EdgA/", "Edge" },
    { 2, "OPR/", "Opera" },
    { 3, "SamsungBrowser/", "Samsung Internet" },
    { 4, "Firefox/", "Firefox" },
    { 4, "FxiOS/", "Firefox" },
    { 5, "CriOS/", "Chrome" },
    { 5, "Chrome/", "Chrome" },
    { 6, "Version/", "Safari" },
    { 0, NULL, NULL }
};

static const known_t  systems[] = {
    { 1, "iPhone", "iPhone" },
    { 2, "iPad", "iPad" },
    { 3, "Android", "Android" },
    { 4, "Windows", "Windows" },
    { 5, "Mac OS X", "macOS" },
    { 6, "CrOS", "ChromeOS" },
    { 7, "Linux", "Linux" },
    { 0, NULL, NULL }
};


/* Its id, 0 when none is known. */
static uint8_t
find(const known_t *known, mfa_str_t text)
{
    size_t  i, len;

    for (/* void */; known->mark; known++) {
        len = strlen(known->mark);

        for (i = 0; i + len <= text.len; i++) {
            if (memcmp(text.data + i, known->mark, len) == 0) {
                return known->id;
            }
        }
    }

    return 0;
}


static const char *
name_of(const known_t *known, unsigned id)
{
    for (/* void */; known->mark; known++) {
        if (known->id == id) {
            return known->name;
        }
    }

    return NULL;
}


mfa_agent_t
mfa_agent_of(mfa_str_t text)
{
    mfa_agent_t  agent;

    agent.code = (uint8_t) (find(browsers, text) << 4 | find(systems, text));
    agent.text = agent.code ? (mfa_str_t) { NULL, 0 } : text;

    return agent;
}


int
mfa_agent_code_check(uint8_t code)
{
    return code != 0
           && (code >> 4 == 0 || name_of(browsers, code >> 4) != NULL)
           && ((code & 0xf) == 0 || name_of(systems, code & 0xf) != NULL);
}


void
mfa_agent_write(mfa_buf_t *out, const mfa_agent_t *agent)
{
    mfa_str_t    text;
    const char  *browser, *system;

    browser = name_of(browsers, agent->code >> 4);
    system = name_of(systems, agent->code & 0xf);

    if (browser == NULL && system == NULL) {
        text = agent->text;
        text.len = text.len < MFA_AGENT_SHORT_MAX ? text.len
                                                  : MFA_AGENT_SHORT_MAX;
        mfa_buf_str(out, text);
        return;
    }

    mfa_buf_cstr(out, browser ? browser : "");
    mfa_buf_cstr(out, browser && system ? ", " : "");
    mfa_buf_cstr(out, system ? system : "");
}
