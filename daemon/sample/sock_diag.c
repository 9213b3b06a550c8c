/* SPDX-License-Identifier: MIT */
#include "sock_diag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "util.h"

#define DUMP_ATTEMPTS   3
#define TIMEOUT_SECONDS 2
#define STRANGERS_MAX   1000 /* datagrams that are no answer; more of them and nobody is waited for */
#define MASK_ALL        ((1U << STATE_COUNT) - 2)
#define MASK_LISTEN     (1U << STATE_LISTEN)

/* libmnl's own would be allocated each time. */
struct diag_connection {
    int fd;          /* -1: none */
    uint32_t portid; /* the kernel's name of this end */
    bool unfinished; /* the kernel may have more to say about the last dump */
};

struct sock_diag {
    struct diag_connection connection;
    uint32_t sequence;
    bool detected; /* one_pass is known */
    bool one_pass;
    _Alignas(struct nlmsghdr) unsigned char buffer[SOCK_DIAG_BUFFER_BYTES];
};

/* What one dump asks for, and whom it tells. */
struct dump {
    struct diag_request request;
    diag_callback callback;
    void *context;
    uint32_t told; /* while there is a limit: sockets, with those beyond it */
};

/* Waiting for an answer has an end, and answers are told by the name that the kernel gave this end. */
static int set_up(struct diag_connection *connection) {
    struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
    struct sockaddr_nl name = {0};
    socklen_t length = sizeof name;

    if (setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
        getsockname(connection->fd, (struct sockaddr *)&name, &length) < 0)
        return -errno;
    connection->portid = name.nl_family == AF_NETLINK ? name.nl_pid : 0;
    return 0;
}

static void hang_up(struct diag_connection *connection) {
    cleanup_fd(&connection->fd);
    connection->fd = -1;
    connection->unfinished = false;
}

/* @return 0, or -errno with nothing open */
static int connect_kernel(struct diag_connection *connection) {
    const struct sockaddr_nl any = {.nl_family = AF_NETLINK};

    *connection =
        (struct diag_connection){.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)};
    if (connection->fd < 0)
        return -errno;
    int result =
        bind(connection->fd, (const struct sockaddr *)&any, sizeof any) < 0 ? -errno : set_up(connection);
    if (result < 0)
        hang_up(connection);
    return result;
}

/* "Accept if low <= local port <= high": in bytes from the operation, the end accepts, 4 beyond it rejects
   (inet_diag.c inet_diag_bc_run). */
static void put_range_filter(struct nlmsghdr *header, struct port_range range) {
    enum { SIZE = sizeof(struct inet_diag_bc_op) };
    const struct inet_diag_bc_op filter[] = {
        {INET_DIAG_BC_S_GE, 2 * SIZE, 4 * SIZE + 4},
        {.no = (unsigned short)range.low},
        {INET_DIAG_BC_S_LE, 2 * SIZE, 2 * SIZE + 4},
        {.no = (unsigned short)range.high},
    };

    mnl_attr_put(header, INET_DIAG_REQ_BYTECODE, sizeof filter, filter);
}

/* "Accept if the local port is this one, else if the remote one is", in the same terms. */
static void put_port_filter(struct nlmsghdr *header, uint16_t port) {
    enum { SIZE = sizeof(struct inet_diag_bc_op) };
    const struct inet_diag_bc_op filter[] = {
        {INET_DIAG_BC_S_GE, 2 * SIZE, 5 * SIZE},
        {.no = port},
        {INET_DIAG_BC_S_LE, 2 * SIZE, 3 * SIZE},
        {.no = port},
        {INET_DIAG_BC_JMP, SIZE, 5 * SIZE},
        {INET_DIAG_BC_D_GE, 2 * SIZE, 4 * SIZE + 4},
        {.no = port},
        {INET_DIAG_BC_D_LE, 2 * SIZE, 2 * SIZE + 4},
        {.no = port},
    };

    mnl_attr_put(header, INET_DIAG_REQ_BYTECODE, sizeof filter, filter);
}

static void put_filter(struct nlmsghdr *header, const struct diag_request *wanted) {
    struct inet_diag_bc_op filter[PORT_SLICES_OPS];

    if (wanted->slices.width > 0) {
        port_slices_filter(&wanted->slices, filter);
        mnl_attr_put(header, INET_DIAG_REQ_BYTECODE, sizeof filter, filter);
    } else if (wanted->local.high > 0) {
        put_range_filter(header, wanted->local);
    } else if (wanted->either_port > 0) {
        put_port_filter(header, wanted->either_port);
    }
}

static int send_request(struct sock_diag *diag, int family, const struct diag_request *wanted) {
    struct nlmsghdr *header = mnl_nlmsg_put_header(diag->buffer);
    uint8_t extensions = wanted->with_info ? 1U << (INET_DIAG_INFO - 1) : 0;

    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    header->nlmsg_seq = ++diag->sequence;
    if (family == AF_UNSPEC) {
        header->nlmsg_type = TCPDIAG_GETSOCK;
        struct inet_diag_req *request = mnl_nlmsg_put_extra_header(header, sizeof *request);
        request->idiag_states = wanted->state_mask;
        request->idiag_ext = extensions;
    } else {
        header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
        struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof *request);
        request->sdiag_family = (uint8_t)family;
        request->sdiag_protocol = IPPROTO_TCP;
        request->idiag_states = wanted->state_mask;
        request->idiag_ext = extensions;
    }
    put_filter(header, wanted);
    ssize_t sent;
    do
        sent = send(diag->connection.fd, diag->buffer, header->nlmsg_len, 0);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

/* Receives one datagram of the kernel; 0 if it is somebody else's. */
static ssize_t receive(struct sock_diag *diag, int flags) {
    struct sockaddr_nl sender = {0};
    struct iovec vector = {.iov_base = diag->buffer, .iov_len = sizeof diag->buffer};
    struct msghdr message = {
        .msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &vector, .msg_iovlen = 1};
    ssize_t length;

    do
        length = recvmsg(diag->connection.fd, &message, flags);
    while (length < 0 && errno == EINTR);
    if (length < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    if (message.msg_flags & MSG_TRUNC || length == 0)
        return -EBADMSG;
    if (sender.nl_family == AF_NETLINK && sender.nl_pid != 0)
        return 0;
    return length;
}

/* An answer to an earlier request that was given up, or to another socket's. A datagram has but one dump. */
static bool is_stale(const struct sock_diag *diag, size_t length) {
    const struct nlmsghdr *header = (const struct nlmsghdr *)diag->buffer;

    return length >= sizeof *header &&
           (header->nlmsg_seq != diag->sequence || !mnl_nlmsg_portid_ok(header, diag->connection.portid));
}

/* Whether a datagram holds the last message of the present dump. */
static bool ends_dump(const struct sock_diag *diag, size_t length) {
    const struct nlmsghdr *header = (const struct nlmsghdr *)diag->buffer;
    int left = (int)length;

    while (mnl_nlmsg_ok(header, left) && header->nlmsg_len <= (uint32_t)left) {
        if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
            return true;
        header = mnl_nlmsg_next(header, &left);
    }
    return false;
}

/*
 * Reads the rest of a dump that was given up: the kernel refuses a new one until then. Receiving is what
 * drives a dump (af_netlink.c netlink_recvmsg), so when nothing is queued nothing will come.
 */
static void drain(struct sock_diag *diag) {
    unsigned int strangers = 0;

    while (diag->connection.unfinished && strangers < STRANGERS_MAX) {
        ssize_t length = receive(diag, MSG_DONTWAIT);
        bool nothing_left = length < 0 && length != -ENOBUFS;
        bool answer = length > 0 && !is_stale(diag, (size_t)length);
        strangers += !answer;
        diag->connection.unfinished = !nothing_left && !(answer && ends_dump(diag, (size_t)length));
    }
}

static void tell(const struct diag_socket *socket, void *context) {
    struct dump *dump = context;

    if (dump->request.most == 0 || dump->told++ < dump->request.most)
        dump->callback(socket, dump->context);
}

static int run_dump(struct sock_diag *diag, int family, struct dump *dump) {
    unsigned int strangers = 0;

    drain(diag);
    int result = send_request(diag, family, &dump->request);
    diag->connection.unfinished = result == 0;
    while (diag->connection.unfinished) {
        ssize_t length = receive(diag, 0);
        if (length < 0)
            return length == -ENOBUFS ? -EINTR : (int)length;
        if (length == 0 || is_stale(diag, (size_t)length)) {
            if (++strangers == STRANGERS_MAX)
                return -EBADMSG;
            continue;
        }
        result = sock_diag_parse(diag->buffer, (size_t)length, diag->sequence, tell, dump);
        bool enough = result >= 0 && dump->told > dump->request.most;
        if (result == 1 && !enough)
            continue;
        diag->connection.unfinished = !ends_dump(diag, (size_t)length);
        return enough ? 1 : result;
    }
    return result;
}

/* Where IPv6 is off the kernel may know no such family; then there are no such sockets. */
static bool lacks_ipv6(int result) {
    return result == -ENOENT && access("/proc/sys/net/ipv6", F_OK) < 0;
}

static int run_pass(struct sock_diag *diag, bool one_pass, struct dump *dump) {
    if (one_pass)
        return run_dump(diag, AF_UNSPEC, dump);
    int result = run_dump(diag, AF_INET, dump);
    if (result != 0)
        return result;
    result = run_dump(diag, AF_INET6, dump);
    return lacks_ipv6(result) ? 0 : result;
}

static void ignore(const struct diag_socket *socket, void *context) {
    (void)socket;
    (void)context;
}

static int detect(struct sock_diag *diag) {
    struct dump dump = {.request.state_mask = MASK_LISTEN, .callback = ignore};
    int result = -EOPNOTSUPP;

    for (int one_pass = 1; one_pass >= 0; one_pass--) {
        result = run_pass(diag, one_pass, &dump);
        if (result == -ETIMEDOUT)
            break; /* it would not answer the other one either, and each waiting delays the tick */
        if (result == 0 || result == -EINTR) {
            diag->one_pass = one_pass;
            diag->detected = true;
            return 0;
        }
    }
    return result;
}

/* A dump that the kernel began and cannot end, for want of memory, blocks the socket for good. */
static void replace_socket(struct sock_diag *diag) {
    struct diag_connection fresh;

    if (connect_kernel(&fresh) < 0)
        return;
    hang_up(&diag->connection);
    diag->connection = fresh;
}

struct sock_diag *sock_diag_attach(int fd) {
    struct sock_diag *diag = calloc(1, sizeof *diag);

    if (!diag)
        return NULL;
    diag->connection.fd = fd;
    if (set_up(&diag->connection) == 0)
        return diag;
    free(diag);
    return NULL;
}

struct sock_diag *sock_diag_open(void) {
    struct sock_diag *diag = calloc(1, sizeof *diag);

    if (!diag)
        return NULL;
    int result = connect_kernel(&diag->connection);
    if (result < 0) {
        free(diag);
        errno = -result;
        return NULL;
    }
    detect(diag); /* unanswered now: asked again before the next dump */
    return diag;
}

struct sock_diag *sock_diag_close(struct sock_diag *diag) {
    if (diag)
        hang_up(&diag->connection);
    free(diag);
    return NULL;
}

bool sock_diag_one_pass(const struct sock_diag *diag) {
    return diag->one_pass;
}

static int dump_restarting(struct sock_diag *diag, struct dump *dump, void (*restart)(void *context)) {
    int result = -EINTR;

    for (int attempt = 0; attempt < DUMP_ATTEMPTS && result == -EINTR; attempt++) {
        if (attempt > 0 && restart)
            restart(dump->context);
        dump->told = 0;
        result = run_pass(diag, diag->one_pass, dump);
    }
    return result == -EINTR ? -EAGAIN : result;
}

int sock_diag_dump(struct sock_diag *diag, const struct diag_request *request, diag_callback callback,
                   void (*restart)(void *context), void *context) {
    struct dump dump = {.request = *request, .callback = callback, .context = context};
    int result = diag->detected ? 0 : detect(diag);

    /* Bit 13 would make newer kernels walk the bound sockets as well. */
    dump.request.state_mask &= MASK_ALL;
    if (result == 0)
        result = dump_restarting(diag, &dump, restart);
    if (result == -EBUSY)
        replace_socket(diag);
    if (result == -ENOENT || result == -EOPNOTSUPP)
        diag->detected = false;
    return result;
}

int sock_diag_dump_apart(struct sock_diag *diag, const struct diag_request *request, diag_callback callback,
                         void (*restart)(void *context), void *context) {
    struct diag_connection kept = diag->connection;
    int result = connect_kernel(&diag->connection);

    if (result == 0)
        result = sock_diag_dump(diag, request, callback, restart, context);
    hang_up(&diag->connection);
    diag->connection = kept;
    return result;
}
