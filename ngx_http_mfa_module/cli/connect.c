/*
 * A socket to the store, see connect.h.  A name may have several addresses;
 * they are tried in turn, each within the limit.
 */

#include "cli/connect.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PORT      "6379"
#define HOST_MAX  256


static int
refuse(const char *what, mfa_buf_t *why)
{
    mfa_buf_cstr(why, what);

    return -1;
}


static int64_t
clock_msec(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


int64_t
mfactl_connect_deadline(int64_t timeout_msec)
{
    return clock_msec() + timeout_msec;
}


static int
wait_for(int fd, short events, int64_t deadline, mfa_buf_t *why)
{
    int            rc;
    int64_t        left;
    struct pollfd  p;

    p.fd = fd;
    p.events = events;

    do {
        left = deadline - clock_msec();
        rc = poll(&p, 1, left > 0 ? (int) left : 0);
    } while (rc < 0 && errno == EINTR);

    if (rc == 0) {
        return refuse("no answer in time", why);
    }

    return rc > 0 ? 0 : refuse(strerror(errno), why);
}


static int
connect_one(int family, const struct sockaddr *addr, socklen_t len,
    int64_t timeout_msec, mfa_buf_t *why)
{
    int        fd, error;
    socklen_t  error_len;

    fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return refuse(strerror(errno), why);
    }

    error = connect(fd, addr, len) == 0 ? 0 : errno;

    if (error == EINPROGRESS) {
        if (wait_for(fd, POLLOUT, mfactl_connect_deadline(timeout_msec), why)
            != 0)
        {
            close(fd);
            return -1;
        }

        error_len = sizeof(error);

        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) != 0) {
            error = errno;
        }
    }

    if (error) {
        close(fd);
        return refuse(strerror(error), why);
    }

    return fd;
}


static int
connect_unix(mfa_str_t path, int64_t timeout_msec, mfa_buf_t *why)
{
    struct sockaddr_un  un;

    memset(&un, 0, sizeof(un));
    un.sun_family = AF_UNIX;

    if (path.len == 0 || path.len >= sizeof(un.sun_path)) {
        return refuse("not the path of a socket", why);
    }

    memcpy(un.sun_path, path.data, path.len);

    return connect_one(AF_UNIX, (const struct sockaddr *) &un, sizeof(un),
                       timeout_msec, why);
}


/* Cuts "host:port"; an address in brackets holds colons of its own. */
static int
host_and_port(mfa_str_t address, char *host, char *port)
{
    size_t     i;
    mfa_str_t  name, number;

    if (mfa_str_begins(address, "[")) {
        address.data++;
        address.len--;

        if (!mfa_str_cut(address, ']', &name, &number)
            || (number.len && number.data[0] != ':'))
        {
            return -1;
        }

        number.data += number.len > 0;
        number.len -= number.len > 0;

    } else {
        mfa_str_cut(address, ':', &name, &number);
    }

    for (i = 0; i < number.len; i++) {
        if (number.data[i] < '0' || number.data[i] > '9') {
            return -1;
        }
    }

    if (name.len == 0 || name.len >= HOST_MAX || number.len > 5) {
        return -1;
    }

    snprintf(host, HOST_MAX, "%.*s", (int) name.len, (const char *) name.data);
    snprintf(port, sizeof(PORT) + 1, "%.*s", (int) number.len,
             number.len ? (const char *) number.data : "");

    return 0;
}


static int
connect_inet(mfa_str_t address, int64_t timeout_msec, mfa_buf_t *why)
{
    int               fd, rc;
    char              host[HOST_MAX], port[sizeof(PORT) + 1];
    size_t            from;
    struct addrinfo   hints, *found, *ai;

    if (host_and_port(address, host, port) != 0) {
        return refuse("not an address", why);
    }

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;

    rc = getaddrinfo(host, port[0] ? port : PORT, &hints, &found);

    if (rc != 0) {
        return refuse(gai_strerror(rc), why);
    }

    fd = -1;
    from = why->len;

    /* The last address says why. */
    for (ai = found; ai != NULL && fd < 0; ai = ai->ai_next) {
        why->len = from;
        fd = connect_one(ai->ai_family, ai->ai_addr, ai->ai_addrlen,
                         timeout_msec, why);
    }

    freeaddrinfo(found);

    return fd;
}


int
mfactl_connect(mfa_str_t address, int64_t timeout_msec, mfa_buf_t *why)
{
    if (mfa_str_begins(address, "unix:")) {
        address.data += sizeof("unix:") - 1;
        address.len -= sizeof("unix:") - 1;

        return connect_unix(address, timeout_msec, why);
    }

    return connect_inet(address, timeout_msec, why);
}


int
mfactl_connect_send(int fd, const uint8_t *data, size_t len, int64_t deadline,
    mfa_buf_t *why)
{
    ssize_t  n;

    while (len) {
        n = send(fd, data, len, MSG_NOSIGNAL);

        if (n >= 0) {
            data += n;
            len -= (size_t) n;

        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (wait_for(fd, POLLOUT, deadline, why) != 0) {
                return -1;
            }

        } else if (errno != EINTR) {
            return refuse(strerror(errno), why);
        }
    }

    return 0;
}


long
mfactl_connect_receive(int fd, void *data, size_t cap, int64_t deadline,
    mfa_buf_t *why)
{
    ssize_t  n;

    for ( ;; ) {
        n = recv(fd, data, cap, 0);

        if (n > 0) {
            return (long) n;
        }

        if (n == 0) {
            return refuse("the connection was closed", why);
        }

        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (wait_for(fd, POLLIN, deadline, why) != 0) {
                return -1;
            }

        } else if (errno != EINTR) {
            return refuse(strerror(errno), why);
        }
    }
}
