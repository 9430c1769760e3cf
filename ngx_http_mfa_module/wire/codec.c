/*
 * The Redis protocol, see codec.h.
 *
 * hiredis' reader parses; the functions it calls back build mfa_reply_t trees.
 * A top-level reply is the first member of its arena, so freeing it frees all
 * of it, and the elements of an array stand in a row in that arena: a child is
 * not made, it is filled in where its parent has room for it.
 *
 * Whatever is too much, too deep or of a type nobody asked for (RESP3) is
 * refused by returning NULL to the reader, which then frees what was built and
 * stays in error: the connection is closed, half a reply is never seen.
 */

#include "wire/codec.h"

#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

/* Elements of all arrays of one reply; an array inside an array may not
   multiply its way to gigabytes. */
#define NODES_MAX   (16 * MFA_REPLY_ELEMENTS_MAX)

#define CHUNK_SIZE  1024

/* Of an arena itself: the answer to a session or an account fits, and malloc
   keeps a block of this size (with the header, below 1032) at hand. */
#define FIRST_SIZE  896

/* Of the header line of a bulk, and its end. */
#define FRAME_MAX   64

typedef struct chunk_s  chunk_t;

struct chunk_s {
    chunk_t     *next;
    size_t       used;
    size_t       cap;
    max_align_t  data[];
};

typedef struct {
    mfa_reply_t  root;                      /* first: the reply is its arena */
    chunk_t     *chunks;
    size_t       text;                      /* bytes of strings */
    size_t       nodes;
    size_t       used;                      /* of first */
    max_align_t  first[FIRST_SIZE / sizeof(max_align_t)];
} arena_t;


static size_t
digits_of(size_t n)
{
    size_t  digits;

    for (digits = 1; n >= 10; digits++) {
        n /= 10;
    }

    return digits;
}


/* "*3\r\n", "$12\r\n" */
static uint8_t *
head_write(uint8_t *p, uint8_t mark, size_t n)
{
    uint8_t  *q;

    *p++ = mark;
    q = p + digits_of(n);
    p = q;

    do {
        *--q = (uint8_t) ('0' + n % 10);
        n /= 10;
    } while (n);

    *p++ = '\r';
    *p++ = '\n';

    return p;
}


size_t
mfa_wire_size(const mfa_op_t *op)
{
    size_t            i, k, n, size;
    const mfa_str_t  *args;

    size = 0;

    for (i = 0; i < op->n; i++) {
        args = mfa_op_command(op, i, &n);
        size += 1 + digits_of(n) + 2;

        for (k = 0; k < n; k++) {
            size += 1 + digits_of(args[k].len) + 2 + args[k].len + 2;
        }
    }

    return size;
}


uint8_t *
mfa_wire_write(const mfa_op_t *op, uint8_t *out)
{
    size_t            i, k, n;
    const mfa_str_t  *args;

    for (i = 0; i < op->n; i++) {
        args = mfa_op_command(op, i, &n);
        out = head_write(out, '*', n);

        for (k = 0; k < n; k++) {
            out = head_write(out, '$', args[k].len);

            if (args[k].len) {
                memcpy(out, args[k].data, args[k].len);
                out += args[k].len;
            }

            *out++ = '\r';
            *out++ = '\n';
        }
    }

    return out;
}


/* align: a power of 2, at most that of max_align_t. */
static size_t
aligned(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}


static void *
arena_alloc(arena_t *arena, size_t size, size_t align)
{
    void     *p;
    size_t    cap, from;
    chunk_t  *chunk;

    from = aligned(arena->used, align);

    if (from <= sizeof(arena->first) && sizeof(arena->first) - from >= size) {
        p = (uint8_t *) arena->first + from;
        arena->used = from + size;

        return p;
    }

    chunk = arena->chunks;

    from = chunk ? aligned(chunk->used, align) : 0;

    if (chunk == NULL || from > chunk->cap || chunk->cap - from < size) {
        cap = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        chunk = malloc(sizeof(chunk_t) + cap);

        if (chunk == NULL) {
            return NULL;
        }

        from = 0;
        chunk->cap = cap;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }

    p = (uint8_t *) chunk->data + from;
    chunk->used = from + size;

    return p;
}


static void
arena_free(void *root)
{
    arena_t  *arena;
    chunk_t  *chunk;

    arena = root;

    while (arena->chunks) {
        chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }

    free(arena);
}


static arena_t *
arena_of(const redisReadTask *task)
{
    while (task->parent) {
        task = task->parent;
    }

    return task->obj;
}


/* How many arrays are around a task. */
static size_t
depth_of(const redisReadTask *task)
{
    size_t  depth;

    for (depth = 0; task->parent; depth++) {
        task = task->parent;
    }

    return depth;
}


/* Where the reply of a task is to be: in its parent, or a new arena. */
static mfa_reply_t *
place(const redisReadTask *task)
{
    arena_t      *arena;
    mfa_reply_t  *parent;

    if (task->parent) {
        parent = task->parent->obj;
        return &parent->elements[task->idx];
    }

    arena = malloc(sizeof(arena_t));

    if (arena == NULL) {
        return NULL;
    }

    memset(arena, 0, offsetof(arena_t, first));

    return &arena->root;
}


/* Gives back what place() gave when it cannot be filled: a root is not yet
   known to the reader, an element is freed with its root. */
static void *
abandon(const redisReadTask *task, mfa_reply_t *reply)
{
    if (task->parent == NULL) {
        arena_free(reply);
    }

    return NULL;
}


static int
string_copy(arena_t *arena, mfa_reply_t *reply, const char *data, size_t len)
{
    uint8_t  *copy;

    if (len > MFA_WIRE_REPLY_MAX - arena->text) {
        return -1;
    }

    copy = arena_alloc(arena, len ? len : 1, 1);

    if (copy == NULL) {
        return -1;
    }

    memcpy(copy, data, len);
    reply->str.data = copy;
    reply->str.len = len;
    arena->text += len;

    return 0;
}


static void *
create_string(const redisReadTask *task, char *data, size_t len)
{
    arena_t      *arena;
    mfa_reply_e   type;
    mfa_reply_t  *reply;

    switch (task->type) {

    case REDIS_REPLY_STRING:
        type = MFA_REPLY_STRING;
        break;

    case REDIS_REPLY_STATUS:
        type = MFA_REPLY_STATUS;
        break;

    case REDIS_REPLY_ERROR:
        type = MFA_REPLY_ERROR;
        break;

    default:
        return NULL;
    }

    reply = place(task);

    if (reply == NULL) {
        return NULL;
    }

    arena = task->parent ? arena_of(task) : (arena_t *) reply;
    reply->type = type;

    if (string_copy(arena, reply, data, len) != 0) {
        return abandon(task, reply);
    }

    return reply;
}


static int
elements_make(arena_t *arena, mfa_reply_t *reply, size_t n)
{
    if (n > MFA_REPLY_ELEMENTS_MAX || n > NODES_MAX - arena->nodes) {
        return -1;
    }

    if (n == 0) {
        return 0;
    }

    reply->elements = arena_alloc(arena, n * sizeof(mfa_reply_t),
                                  _Alignof(mfa_reply_t));

    if (reply->elements == NULL) {
        return -1;
    }

    memset(reply->elements, 0, n * sizeof(mfa_reply_t));
    reply->n = n;
    arena->nodes += n;

    return 0;
}


static void *
array_make(const redisReadTask *task, size_t n)
{
    arena_t      *arena;
    mfa_reply_t  *reply;

    if (task->type != REDIS_REPLY_ARRAY
        || depth_of(task) >= MFA_REPLY_DEPTH_MAX)
    {
        return NULL;
    }

    reply = place(task);

    if (reply == NULL) {
        return NULL;
    }

    arena = task->parent ? arena_of(task) : (arena_t *) reply;
    reply->type = MFA_REPLY_ARRAY;

    if (elements_make(arena, reply, n) != 0) {
        return abandon(task, reply);
    }

    return reply;
}


static void *
create_integer(const redisReadTask *task, long long n)
{
    mfa_reply_t  *reply;

    reply = place(task);

    if (reply) {
        reply->type = MFA_REPLY_INT;
        reply->integer = n;
    }

    return reply;
}


static void *
create_nil(const redisReadTask *task)
{
    mfa_reply_t  *reply;

    reply = place(task);

    if (reply) {
        reply->type = MFA_REPLY_NIL;
    }

    return reply;
}


/*
 * What differs between hiredis 0.14 and 1.0.  The types that came with RESP3
 * are never asked for, but without a function of ours the reader would make up
 * pointers for them.
 */

#if (HIREDIS_MAJOR >= 1)

static void *
create_array(const redisReadTask *task, size_t n)
{
    return array_make(task, n);
}


static void *
create_double(const redisReadTask *task, double d, char *data, size_t len)
{
    (void) task;
    (void) d;
    (void) data;
    (void) len;

    return NULL;
}


static void *
create_bool(const redisReadTask *task, int n)
{
    (void) task;
    (void) n;

    return NULL;
}

#else

static void *
create_array(const redisReadTask *task, int n)
{
    return n < 0 ? NULL : array_make(task, (size_t) n);
}

#endif


static redisReplyObjectFunctions  functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
#if (HIREDIS_MAJOR >= 1)
    .createDouble = create_double,
    .createBool = create_bool,
#endif
    .freeObject = arena_free
};


redisReader *
mfa_wire_reader(void)
{
    return redisReaderCreateWithFunctions(&functions);
}


int
mfa_wire_next(redisReader *reader, mfa_reply_t **reply)
{
    void  *next;

    *reply = NULL;

    if (redisReaderGetReply(reader, &next) != REDIS_OK) {
        return -1;
    }

    if (next == NULL) {
        /* A bulk is handed over when it is complete: one that never will be
           must not be collected for ever. */
        return reader->len - reader->pos > MFA_WIRE_REPLY_MAX + FRAME_MAX
               ? -1 : 0;
    }

    *reply = next;

    return 1;
}


void
mfa_wire_reply_free(mfa_reply_t *reply)
{
    if (reply) {
        arena_free(reply);
    }
}


const mfa_reply_t *
mfa_wire_error(const mfa_reply_t *reply)
{
    size_t              i;
    const mfa_reply_t  *error;

    if (reply->type == MFA_REPLY_ERROR) {
        return reply;
    }

    /* As deep as a reply may be: MFA_REPLY_DEPTH_MAX. */
    for (i = 0; i < reply->n; i++) {
        error = mfa_wire_error(&reply->elements[i]);

        if (error) {
            return error;
        }
    }

    return NULL;
}


int
mfa_wire_error_drops(const mfa_reply_t *error)
{
    size_t     i;
    mfa_str_t  kind, rest;

    static const char *const  kinds[] = {
        "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "NOAUTH",
        "WRONGPASS"
    };

    mfa_str_cut(error->str, ' ', &kind, &rest);

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (mfa_str_is(kind, kinds[i])) {
            return 1;
        }
    }

    return 0;
}
