/*
 * nginx's configuration syntax, see syntax.h.  Reads as nginx does, so that one
 * file means the same to both: a quote counts at the beginning of a word only,
 * "${" opens no block, and behind a backslash nothing is special.
 */

#include "cli/syntax.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mfactl_chunk_s {
    mfactl_chunk_t  *next;
    max_align_t      data[];
};


void *
mfactl_arena_alloc(mfactl_arena_t *arena, size_t len)
{
    mfactl_chunk_t  *chunk;

    chunk = malloc(sizeof(mfactl_chunk_t) + len);

    if (chunk == NULL) {
        fputs("mfactl: out of memory\n", stderr);
        exit(1);
    }

    chunk->next = arena->chunks;
    arena->chunks = chunk;

    return chunk->data;
}


void
mfactl_arena_free(mfactl_arena_t *arena)
{
    mfactl_chunk_t  *chunk;

    while (arena->chunks != NULL) {
        chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }
}


void
mfactl_syntax_init(mfactl_syntax_t *syntax, mfa_str_t text,
    mfactl_arena_t *arena)
{
    memset(syntax, 0, sizeof(mfactl_syntax_t));
    syntax->p = text.data;
    syntax->end = text.data + text.len;
    syntax->line = 1;
    syntax->at = 1;
    syntax->arena = arena;
}


static mfactl_syntax_e
wrong(mfactl_syntax_t *syntax, const char *error)
{
    syntax->line = syntax->at;
    syntax->error = error;

    return MFACTL_SYNTAX_ERROR;
}


static int
is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


/* Takes one byte, counting lines. */
static uint8_t
take(mfactl_syntax_t *syntax)
{
    if (*syntax->p == '\n') {
        syntax->at++;
    }

    return *syntax->p++;
}


static void
skip_blanks(mfactl_syntax_t *syntax)
{
    while (syntax->p < syntax->end) {
        if (*syntax->p == '#') {
            while (syntax->p < syntax->end && *syntax->p != '\n') {
                syntax->p++;
            }

        } else if (is_space(*syntax->p)) {
            take(syntax);

        } else {
            break;
        }
    }
}


/* The end of the word that begins at p: its closing quote, or what ends a word
   without quotes.  -1 when the text ends before. */
static int
word_end(mfactl_syntax_t *syntax, uint8_t quote)
{
    uint8_t  c, before;

    for (before = 0; syntax->p < syntax->end; before = c) {
        c = *syntax->p;

        if (quote ? c == quote
                  : is_space(c) || c == ';' || (c == '{' && before != '$'))
        {
            return 0;
        }

        take(syntax);

        if (c == '\\' && syntax->p < syntax->end) {
            take(syntax);
        }
    }

    return -1;
}


/* nginx keeps a backslash before anything but these. */
static uint8_t
escaped(uint8_t c)
{
    switch (c) {
    case '"':
    case '\'':
    case '\\':
        return c;
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    default:
        return 0;
    }
}


static void
add_word(mfactl_syntax_t *syntax, const uint8_t *from, const uint8_t *to)
{
    size_t    len;
    uint8_t  *word;

    if (syntax->n++ >= MFACTL_SYNTAX_ARGS_MAX) {
        return;
    }

    word = mfactl_arena_alloc(syntax->arena, (size_t) (to - from) + 1);

    for (len = 0; from < to; from++) {
        if (*from == '\\' && from + 1 < to && escaped(from[1])) {
            from++;
            word[len++] = escaped(*from);

        } else {
            word[len++] = *from;
        }
    }

    word[len] = '\0';
    syntax->args[syntax->n - 1] = (mfa_str_t) { word, len };
}


static int
word(mfactl_syntax_t *syntax)
{
    uint8_t         quote;
    const uint8_t  *from;

    quote = *syntax->p == '"' || *syntax->p == '\'' ? *syntax->p : 0;

    if (quote) {
        syntax->p++;
    }

    from = syntax->p;

    if (word_end(syntax, quote) != 0) {
        return -1;
    }

    add_word(syntax, from, syntax->p);

    if (quote) {
        syntax->p++;

        if (syntax->p < syntax->end && !is_space(*syntax->p)
            && *syntax->p != ';' && *syntax->p != '{' && *syntax->p != ')')
        {
            syntax->error = "a blank is missing behind a closing quote";
            return -1;
        }
    }

    return 0;
}


mfactl_syntax_e
mfactl_syntax_next(mfactl_syntax_t *syntax)
{
    uint8_t  c;

    for (syntax->n = 0; /* void */ ; /* void */ ) {
        skip_blanks(syntax);

        if (syntax->n == 0) {
            syntax->line = syntax->at;
        }

        if (syntax->p == syntax->end) {
            return syntax->n == 0
                   ? MFACTL_SYNTAX_END
                   : wrong(syntax, "unexpected end of file,"
                                   " expecting \";\" or \"}\"");
        }

        c = *syntax->p;

        if (c == '}') {
            syntax->p++;
            return syntax->n == 0 ? MFACTL_SYNTAX_CLOSE
                                  : wrong(syntax, "unexpected \"}\"");
        }

        if (c == ';' || c == '{') {
            syntax->p++;

            if (syntax->n == 0) {
                return wrong(syntax, c == ';' ? "unexpected \";\""
                                              : "unexpected \"{\"");
            }

            return c == ';' ? MFACTL_SYNTAX_DIRECTIVE : MFACTL_SYNTAX_BLOCK;
        }

        if (word(syntax) != 0) {
            return wrong(syntax, syntax->error ? syntax->error
                                               : "unexpected end of file");
        }
    }
}


/* Skips to behind a closing mark of one or two bytes. */
static void
skip_past(mfactl_syntax_t *syntax, const char *mark, int escapes)
{
    mfa_str_t  rest;

    while (syntax->p < syntax->end) {
        rest = (mfa_str_t) { syntax->p, (size_t) (syntax->end - syntax->p) };

        if (mfa_str_begins(rest, mark)) {
            syntax->p += strlen(mark);
            return;
        }

        if (take(syntax) == '\\' && escapes && syntax->p < syntax->end) {
            take(syntax);
        }
    }
}


int
mfactl_syntax_skip_lua(mfactl_syntax_t *syntax)
{
    int        depth;
    mfa_str_t  rest;

    for (depth = 1; syntax->p < syntax->end; /* void */ ) {
        rest = (mfa_str_t) { syntax->p, (size_t) (syntax->end - syntax->p) };

        if (mfa_str_begins(rest, "--[[")) {
            skip_past(syntax, "]]", 0);

        } else if (mfa_str_begins(rest, "--")) {
            while (syntax->p < syntax->end && *syntax->p != '\n') {
                syntax->p++;
            }

        } else if (mfa_str_begins(rest, "[[")) {
            skip_past(syntax, "]]", 0);

        } else if (*syntax->p == '"' || *syntax->p == '\'') {
            skip_past(syntax, *syntax->p++ == '"' ? "\"" : "'", 1);

        } else if (*syntax->p == '{') {
            syntax->p++;
            depth++;

        } else if (*syntax->p == '}') {
            syntax->p++;

            if (--depth == 0) {
                return 0;
            }

        } else {
            take(syntax);
        }
    }

    wrong(syntax, "unexpected end of file, expecting \"}\"");

    return -1;
}
