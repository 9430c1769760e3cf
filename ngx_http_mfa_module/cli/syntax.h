/*
 * nginx's configuration syntax: words, quotes, escapes, comments, ';' and
 * blocks.  Says what a file holds, not what it means: that is conf.c.
 */

#ifndef MFACTL_SYNTAX_H
#define MFACTL_SYNTAX_H

#include "core/str.h"

#define MFACTL_SYNTAX_ARGS_MAX  64

/* Memory that lives as long as the configuration. */
typedef struct mfactl_chunk_s  mfactl_chunk_t;

typedef struct {
    mfactl_chunk_t  *chunks;
} mfactl_arena_t;

/* Ends the program when there is no memory. */
void *mfactl_arena_alloc(mfactl_arena_t *arena, size_t len);
void mfactl_arena_free(mfactl_arena_t *arena);

typedef enum {
    MFACTL_SYNTAX_ERROR = 0,                /* see error and line */
    MFACTL_SYNTAX_DIRECTIVE,                /* args[0 .. n) ";" */
    MFACTL_SYNTAX_BLOCK,                    /* args[0 .. n) "{" */
    MFACTL_SYNTAX_CLOSE,                    /* "}" */
    MFACTL_SYNTAX_END                       /* of the text */
} mfactl_syntax_e;

typedef struct {
    const uint8_t   *p;                     /* what is left of the text */
    const uint8_t   *end;
    unsigned         line;                  /* of the directive just read */
    unsigned         at;                    /* where the reader stands */
    const char      *error;
    mfactl_arena_t  *arena;
    mfa_str_t        args[MFACTL_SYNTAX_ARGS_MAX];
    size_t           n;                     /* more words than fit count too */
} mfactl_syntax_t;

/* Starts on a text that must outlive the reading. */
void mfactl_syntax_init(mfactl_syntax_t *syntax, mfa_str_t text,
    mfactl_arena_t *arena);

/* Reads on.  Words are copied to the arena, each with a zero byte behind it. */
mfactl_syntax_e mfactl_syntax_next(mfactl_syntax_t *syntax);

/*
 * Behind the "{" of a block of Lua: skips to its "}".  What stands there is
 * another language, with quotes and comments of its own.  0 or -1.
 */
int mfactl_syntax_skip_lua(mfactl_syntax_t *syntax);

#endif /* MFACTL_SYNTAX_H */
