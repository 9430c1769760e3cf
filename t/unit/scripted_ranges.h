/*
 * Commands of scripted_store.h that look at parts of a sorted set or a stream:
 * how many, from where to where.  scripted_commands.h includes this.
 */

#ifndef MFA_TEST_SCRIPTED_RANGES_H
#define MFA_TEST_SCRIPTED_RANGES_H


static inline mfa_reply_t
do_zcard(const doing_t *d)
{
    return reply_int((int64_t) store_rows_of(d->store, d->key));
}


static inline mfa_reply_t
do_zrank(const doing_t *d)
{
    size_t        n, i;
    store_row_t  *sorted[STORE_ROWS];

    n = doing_sorted(d, sorted);

    for (i = 0; i < n; i++) {
        if (mfa_str_eq(d->argv[2], (mfa_str_t) { sorted[i]->name,
                                                 sorted[i]->name_len }))
        {
            return reply_int((int64_t) i);
        }
    }

    return reply_of(MFA_REPLY_NIL);
}


/* "-inf", "(0", "5": whether score is on the right side of bound. */
static inline int
doing_within(mfa_str_t bound, int64_t score, int lower)
{
    int      open;
    int64_t  n;

    if (mfa_str_is(bound, "-inf") || mfa_str_is(bound, "+inf")) {
        return 1;
    }

    open = bound.data[0] == '(';
    bound.data += open;
    bound.len -= (size_t) open;

    if (mfa_str_int(bound, &n) != 0) {
        abort();
    }

    return lower ? (open ? score > n : score >= n)
                 : (open ? score < n : score <= n);
}


static inline mfa_reply_t
do_zcount(const doing_t *d)
{
    int      i;
    int64_t  n = 0;

    for (i = 0; i < STORE_ROWS; i++) {
        n += d->store->rows[i].key == d->key
             && doing_within(d->argv[2], d->store->rows[i].score, 1)
             && doing_within(d->argv[3], d->store->rows[i].score, 0);
    }

    return reply_int(n);
}


/* "-", "+", "[x", "(x" */
static inline int
doing_beyond(mfa_str_t bound, const store_row_t *row, int lower)
{
    int        order;
    size_t     len;
    mfa_str_t  text;

    if (bound.len == 1 && (bound.data[0] == '-' || bound.data[0] == '+')) {
        return 1;
    }

    text = (mfa_str_t) { bound.data + 1, bound.len - 1 };
    len = text.len < row->name_len ? text.len : row->name_len;
    order = len ? memcmp(row->name, text.data, len) : 0;

    if (order == 0 && row->name_len != text.len) {
        order = row->name_len < text.len ? -1 : 1;
    }

    if (order == 0) {
        return bound.data[0] == '[';
    }

    return lower ? order > 0 : order < 0;
}


/* The rows from .. of a range with LIMIT 0 n. */
static inline mfa_reply_t
doing_limited(const doing_t *d, int lex)
{
    int           fits;
    size_t        n, i, got = 0;
    int64_t       limit;
    mfa_reply_t   r;
    store_row_t  *sorted[STORE_ROWS];

    n = doing_sorted(d, sorted);
    limit = doing_int(d, 6);

    for (i = 0; i < n; i++) {
        fits = lex ? doing_beyond(d->argv[2], sorted[i], 1)
                     && doing_beyond(d->argv[3], sorted[i], 0)
                   : doing_within(d->argv[2], sorted[i]->score, 1)
                     && doing_within(d->argv[3], sorted[i]->score, 0);

        if (fits && (int64_t) got < limit) {
            sorted[got++] = sorted[i];
        }
    }

    r = reply_array(got);

    for (i = 0; i < got; i++) {
        r.elements[i] = reply_bytes(MFA_REPLY_STRING, sorted[i]->name,
                                    sorted[i]->name_len);
    }

    return r;
}


static inline mfa_reply_t
do_zrangebylex(const doing_t *d)
{
    return doing_limited(d, 1);
}


static inline mfa_reply_t
do_zrangebyscore(const doing_t *d)
{
    return doing_limited(d, 0);
}


/* An event's fields were kept as "field=value ": split them again. */
static inline mfa_reply_t
doing_event(const store_row_t *row)
{
    mfa_str_t    rest, pair, name, value;
    mfa_reply_t  r = reply_array(2), fields[32];
    size_t       n = 0;

    rest = (mfa_str_t) { row->value, row->value_len };

    while (rest.len && n < 32) {
        mfa_str_cut(rest, ' ', &pair, &rest);
        mfa_str_cut(pair, '=', &name, &value);
        fields[n++] = reply_bytes(MFA_REPLY_STRING, name.data, name.len);
        fields[n++] = reply_bytes(MFA_REPLY_STRING, value.data, value.len);
    }

    r.elements[0] = reply_bytes(MFA_REPLY_STRING, row->name, row->name_len);
    r.elements[1] = reply_array(n);
    memcpy(r.elements[1].elements, fields, n * sizeof(mfa_reply_t));

    return r;
}


/* XREVRANGE key before - COUNT n; ids of one length stand in order. */
static inline mfa_reply_t
do_xrevrange(const doing_t *d)
{
    size_t        n, i, got = 0;
    mfa_reply_t   r;
    store_row_t  *sorted[STORE_ROWS];

    n = doing_sorted(d, sorted);

    for (i = n; i > 0; i--) {
        if (mfa_str_is(d->argv[2], "+")
            || doing_beyond(d->argv[2], sorted[i - 1], 0))
        {
            got++;
        }
    }

    got = (int64_t) got < doing_int(d, 5) ? got : (size_t) doing_int(d, 5);
    r = reply_array(got);

    for (i = n, n = 0; i > 0 && n < got; i--) {
        if (mfa_str_is(d->argv[2], "+")
            || doing_beyond(d->argv[2], sorted[i - 1], 0))
        {
            r.elements[n++] = doing_event(sorted[i - 1]);
        }
    }

    return r;
}


#endif /* MFA_TEST_SCRIPTED_RANGES_H */
