/*
 * Commands on sets, for scripted_commands.h, which includes this; SREM is with
 * the other removals there.
 */

#ifndef MFA_TEST_SCRIPTED_SETS_H
#define MFA_TEST_SCRIPTED_SETS_H


static inline mfa_reply_t
do_sadd(const doing_t *d)
{
    size_t   i;
    int64_t  made = 0;

    doing_type(d, STORE_SET);

    for (i = 2; i < d->n; i++) {
        made += store_row(d->store, d->key, d->argv[i]) == NULL;
        store_row_make(d->store, d->key, d->argv[i]);
    }

    return reply_int(made);
}


static inline mfa_reply_t
do_scard(const doing_t *d)
{
    return reply_int((int64_t) store_rows_of(d->store, d->key));
}


#endif /* MFA_TEST_SCRIPTED_SETS_H */
