/*
 * Strings, bounded buffers and the three-way answer: the three shapes in which
 * everything in core/ takes its input and gives its output.
 *
 * A view (mfa_str_t) owns nothing and is never terminated by a zero byte.  A
 * buffer (mfa_buf_t) writes into memory its caller owns and cannot be made
 * without a limit.  Nothing here allocates.
 */

#ifndef MFA_STR_H
#define MFA_STR_H

#include <stddef.h>
#include <stdint.h>


/* What is done for each request that the gate lets through stands side by side in
   memory: it takes fewer pages and lines of it, and those are what it costs. */
#define MFA_HOT  __attribute__((hot))


typedef struct {
    const uint8_t  *data;
    size_t          len;                    /* bytes */
} mfa_str_t;

#define mfa_lit(s)  ((mfa_str_t) { (const uint8_t *) (s), sizeof(s) - 1 })


/* "Could not tell" is the zero value: nothing that asks may take it for yes. */
typedef enum {
    MFA_UNKNOWN = 0,
    MFA_NO,
    MFA_YES
} mfa_tri_e;


/*
 * A bounded writer.  An addition that does not fit writes nothing, sets failed
 * and makes every later addition a no-op, so one test of failed at the end of
 * a series is enough.  The content is data[0 .. len); it is not terminated.
 */
typedef struct {
    uint8_t        *data;
    size_t          len;                    /* bytes written */
    size_t          cap;                    /* bytes there is room for */
    int             failed;
} mfa_buf_t;


/* A view of a C string; NULL gives the empty view. */
mfa_str_t mfa_str_from(const char *s);
/* Equal bytes; for values that are no secret. */
int mfa_str_eq(mfa_str_t a, mfa_str_t b);
/* Equal to a C string. */
int mfa_str_is(mfa_str_t a, const char *s);
/* Equal bytes, in a time that depends on the lengths only. */
int mfa_str_eq_secret(mfa_str_t a, mfa_str_t b);
/* An ASCII letter in lower case, any other byte as it is. */
uint8_t mfa_lower(uint8_t c);
/* Equal but for the case of ASCII letters. */
int mfa_str_same(mfa_str_t a, mfa_str_t b);
/* Whether s begins with prefix. */
int mfa_str_begins(mfa_str_t s, const char *prefix);
/*
 * Cuts s at the first byte sep: *head is what stands before it, *rest what
 * stands behind.  Returns 1, or 0 when there is no sep: then *head is all of s
 * and *rest is empty.  Either pointer may point at s itself.
 */
int mfa_str_cut(mfa_str_t s, uint8_t sep, mfa_str_t *head, mfa_str_t *rest);
/*
 * A decimal number, optionally with a leading '-': digits only, no blanks, no
 * overflow.  Returns 0 and sets *out, or -1 and leaves it alone.
 */
int mfa_str_int(mfa_str_t s, int64_t *out);
/* Whether s is well-formed UTF-8 (RFC 3629) without control bytes. */
int mfa_str_printable(mfa_str_t s);


void mfa_buf_init(mfa_buf_t *b, void *data, size_t cap);
void mfa_buf_add(mfa_buf_t *b, const void *data, size_t len);
void mfa_buf_str(mfa_buf_t *b, mfa_str_t s);
void mfa_buf_cstr(mfa_buf_t *b, const char *s);
void mfa_buf_byte(mfa_buf_t *b, uint8_t c);
void mfa_buf_int(mfa_buf_t *b, int64_t n);
/* What has been written since offset from, as a view into the buffer. */
mfa_str_t mfa_buf_since(const mfa_buf_t *b, size_t from);

/* Overwrites a secret; the compiler cannot leave it out. */
void mfa_wipe(void *data, size_t len);


#endif /* MFA_STR_H */
