/*
 * Where the store is: the parameters of mfa_redis, read alike by nginx and
 * mfactl.
 */

#ifndef MFA_ENDPOINT_H
#define MFA_ENDPOINT_H

#include "core/str.h"

typedef struct {
    mfa_str_t  address;                     /* "host:port" or "unix:/path" */
    mfa_str_t  user;                        /* ACL user; empty: default */
    mfa_str_t  password_file;               /* empty: no AUTH */
    int64_t    db;                          /* SELECT; 0: not sent */
    int64_t    timeout_msec;                /* for connect and for an answer */
} mfa_endpoint_t;

/* 127.0.0.1:6379, db 0, 250 ms. */
void mfa_endpoint_init(mfa_endpoint_t *endpoint);

/*
 * Applies argv[1 .. n) of an mfa_redis directive: the address first, then db=N
 * (0..9999), user=U, password_file=F, timeout=T (digits with "ms" or "s"; 10 ms
 * to 60 s).  0, or -1 with a sentence appended to why.
 */
int mfa_endpoint_set(mfa_endpoint_t *endpoint, const mfa_str_t *argv, size_t n,
    mfa_buf_t *why);

#endif /* MFA_ENDPOINT_H */
