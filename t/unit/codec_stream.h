/*
 * A server's bytes and what the codec makes of them, for the tests of
 * wire/codec.c.
 */

#ifndef CODEC_STREAM_H
#define CODEC_STREAM_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/codec.h"


/* The bytes of a test's server. */
typedef struct {
    char    *data;
    size_t   len;
    size_t   cap;
} stream_t;


static inline void
add(stream_t *s, const char *data, size_t len)
{
    if (s->cap - s->len < len) {
        s->cap = 2 * (s->cap + len);
        s->data = realloc(s->data, s->cap);
        assert_non_null(s->data);
    }

    memcpy(s->data + s->len, data, len);
    s->len += len;
}


static inline void
add_text(stream_t *s, const char *text)
{
    add(s, text, strlen(text));
}


static inline void
add_header(stream_t *s, char type, size_t n)
{
    char  line[32];

    snprintf(line, sizeof(line), "%c%zu\r\n", type, n);
    add_text(s, line);
}


static inline void
add_bulk(stream_t *s, size_t len)
{
    size_t  i;
    char    c;

    add_header(s, '$', len);

    for (i = 0; i < len; i++) {
        c = (char) (i % 251);
        add(s, &c, 1);
    }

    add_text(s, "\r\n");
}


/* A copy that ends where its memory ends, as a socket's bytes may. */
static inline void
feed(redisReader *reader, const char *data, size_t len)
{
    char  *copy;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    redisReaderFeed(reader, copy, len);
    free(copy);
}


/* The one answer to these bytes; *reply is to be freed. */
static inline int
read_all(const char *data, size_t len, mfa_reply_t **reply)
{
    int           rc;
    redisReader  *reader;

    reader = mfa_wire_reader();
    assert_non_null(reader);
    feed(reader, data, len);
    rc = mfa_wire_next(reader, reply);
    redisReaderFree(reader);

    return rc;
}


static inline mfa_reply_t *
good(const char *text)
{
    mfa_reply_t  *reply;

    if (read_all(text, strlen(text), &reply) != 1) {
        fail_msg("\"%s\" is not taken for a reply", text);
    }

    return reply;
}


static inline void
check_refused(const char *text)
{
    int           rc;
    mfa_reply_t  *reply;

    rc = read_all(text, strlen(text), &reply);

    if (rc != -1 || reply != NULL) {
        fail_msg("\"%s\" gives %d", text, rc);
    }
}


static inline void
check_same(const mfa_reply_t *a, const mfa_reply_t *b)
{
    size_t  i;

    assert_int_equal(a->type, b->type);
    assert_true(a->integer == b->integer);
    assert_true(mfa_str_eq(a->str, b->str));
    assert_int_equal(a->n, b->n);

    for (i = 0; i < a->n; i++) {
        check_same(&a->elements[i], &b->elements[i]);
    }
}

#endif /* CODEC_STREAM_H */
