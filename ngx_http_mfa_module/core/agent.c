/*
 * User agents, see agent.h.  Each table is read from the top: browsers name
 * those they want to be taken for as well.
 */

#include "core/agent.h"

#include <string.h>


typedef struct {
    const char  *mark;
    const char  *name;
} known_t;

static const known_t  browsers[] = {
    { "Edg/", "Edge" },
    { "EdgA/", "Edge" },
    { "OPR/", "Opera" },
    { "SamsungBrowser/", "Samsung Internet" },
    { "Firefox/", "Firefox" },
    { "FxiOS/", "Firefox" },
    { "CriOS/", "Chrome" },
    { "Chrome/", "Chrome" },
    { "Version/", "Safari" },
    { NULL, NULL }
};

static const known_t  systems[] = {
    { "iPhone", "iPhone" },
    { "iPad", "iPad" },
    { "Android", "Android" },
    { "Windows", "Windows" },
    { "Mac OS X", "macOS" },
    { "CrOS", "ChromeOS" },
    { "Linux", "Linux" },
    { NULL, NULL }
};


static const char *
find(const known_t *known, mfa_str_t agent)
{
    size_t  i, len;

    for (/* void */; known->mark; known++) {
        len = strlen(known->mark);

        for (i = 0; i + len <= agent.len; i++) {
            if (memcmp(agent.data + i, known->mark, len) == 0) {
                return known->name;
            }
        }
    }

    return NULL;
}


void
mfa_agent_short(mfa_buf_t *out, mfa_str_t agent)
{
    const char  *browser, *system;

    browser = find(browsers, agent);
    system = find(systems, agent);

    if (browser == NULL && system == NULL) {
        agent.len = agent.len < MFA_AGENT_SHORT_MAX ? agent.len
                                                    : MFA_AGENT_SHORT_MAX;
        mfa_buf_str(out, agent);
        return;
    }

    mfa_buf_cstr(out, browser ? browser : "");
    mfa_buf_cstr(out, browser && system ? ", " : "");
    mfa_buf_cstr(out, system ? system : "");
}
