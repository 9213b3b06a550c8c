/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: what can go wrong between a program and NETLINK_SOCK_DIAG. $FAULT names it; it is there
 * while the file $FAULT_SWITCH is. With $FAULT_ONCE it meets the answers to every other request alone.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STRANGER   4711 /* a port of no kernel's */
#define SLOW_MSEC  250
#define CUT_OFF    7          /* bytes: the last message is not whole */
#define LISTENING  (1U << 10) /* tcp_states.h TCP_LISTEN */
#define ERROR_SIZE (sizeof(struct nlmsghdr) + sizeof(int32_t))

static struct nlmsghdr request; /* the last */
static unsigned int requests, calls;
static bool unanswered; /* it never got to the kernel */

static ssize_t really_receive(int fd, struct msghdr *message, int flags) {
    return syscall(SYS_recvmsg, fd, message, flags);
}

static struct nlmsghdr *first_message(const struct msghdr *message) {
    return message->msg_iov[0].iov_base;
}

static struct nlmsghdr *next_message(struct nlmsghdr *header) {
    return (struct nlmsghdr *)((char *)header + NLMSG_ALIGN(header->nlmsg_len));
}

/* @return whether there is a whole one before the end */
static bool is_within(const struct msghdr *message, ssize_t length, const struct nlmsghdr *header) {
    const char *end = (const char *)message->msg_iov[0].iov_base + length;

    return (const char *)header + sizeof *header <= end && header->nlmsg_len >= sizeof *header;
}

static ssize_t fail(int error) {
    errno = error;
    return -1;
}

static ssize_t be_interrupted(int fd, struct msghdr *message, int flags) {
    return calls++ % 2 == 0 ? fail(EINTR) : really_receive(fd, message, flags);
}

/* As af_netlink.c netlink_overrun(): the datagram is lost, and the next receiver is told. */
static ssize_t lose(int fd, struct msghdr *message, int flags) {
    return really_receive(fd, message, flags) < 0 ? -1 : fail(ENOBUFS);
}

static ssize_t interrupt_dump(int fd, struct msghdr *message, int flags) {
    ssize_t length = really_receive(fd, message, flags);

    if (length > 0)
        first_message(message)->nlmsg_flags |= NLM_F_DUMP_INTR;
    return length;
}

static ssize_t cut_short(int fd, struct msghdr *message, int flags) {
    ssize_t length = really_receive(fd, message, flags);

    return length > CUT_OFF ? length - CUT_OFF : length;
}

static ssize_t truncate_datagram(int fd, struct msghdr *message, int flags) {
    ssize_t length = really_receive(fd, message, flags);

    message->msg_flags |= MSG_TRUNC;
    return length;
}

static ssize_t change_sequence(int fd, struct msghdr *message, int flags) {
    ssize_t length = really_receive(fd, message, flags);

    for (struct nlmsghdr *at = first_message(message); is_within(message, length, at); at = next_message(at))
        at->nlmsg_seq++;
    return length;
}

static ssize_t change_port(int fd, struct msghdr *message, int flags) {
    ssize_t length = really_receive(fd, message, flags);

    for (struct nlmsghdr *at = first_message(message); is_within(message, length, at); at = next_message(at))
        at->nlmsg_pid++;
    return length;
}

static ssize_t change_sender(int fd, struct msghdr *message, int flags) {
    ssize_t length = really_receive(fd, message, flags);

    ((struct sockaddr_nl *)message->msg_name)->nl_pid = STRANGER;
    return length;
}

/* A stranger who never stops. */
static ssize_t flood(int fd, struct msghdr *message, int flags) {
    struct sockaddr_nl *sender = message->msg_name;

    (void)fd, (void)flags;
    *first_message(message) = (struct nlmsghdr){.nlmsg_len = sizeof request, .nlmsg_type = NLMSG_NOOP};
    *sender = (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_pid = STRANGER};
    message->msg_flags = 0;
    return sizeof request;
}

/* The second message of a datagram, if it has one, is an error; sockets follow it. */
static ssize_t put_error(int fd, struct msghdr *message, int flags) {
    ssize_t length = really_receive(fd, message, flags);
    const int32_t code = -ENOMEM;
    struct nlmsghdr *at = first_message(message);

    if (length > 0 && is_within(message, length, next_message(at)))
        at = next_message(at);
    if (length > 0 && at->nlmsg_len >= ERROR_SIZE) {
        at->nlmsg_type = NLMSG_ERROR;
        memcpy(NLMSG_DATA(at), &code, sizeof code);
    }
    return length;
}

/* What comes before the end of the dump; the end never does. */
static ssize_t leave_open(int fd, struct msghdr *message, int flags) {
    for (;;) {
        ssize_t length = really_receive(fd, message, flags);
        struct nlmsghdr *at = first_message(message);
        while (is_within(message, length, at) && at->nlmsg_type != NLMSG_DONE)
            at = next_message(at);
        ssize_t before = (char *)at - (char *)first_message(message);
        if (length < 0 || before > 0)
            return length < 0 ? length : before;
    }
}

static ssize_t be_slow(int fd, struct msghdr *message, int flags) {
    nanosleep(&(struct timespec){.tv_nsec = SLOW_MSEC * 1000000L}, NULL);
    return really_receive(fd, message, flags);
}

/* The kernel's whole answer when a module is missing. */
static ssize_t refuse(const struct msghdr *message, uint16_t type, int32_t code) {
    struct nlmsghdr *answer = first_message(message);

    unanswered = false;
    *answer = request;
    answer->nlmsg_len = ERROR_SIZE;
    answer->nlmsg_type = type;
    memcpy(NLMSG_DATA(answer), &code, sizeof code);
    ((struct sockaddr_nl *)message->msg_name)->nl_pid = 0;
    return ERROR_SIZE;
}

/* sock_diag.c sock_diag_rcv_msg(): no handler for the family, and none for the legacy request. */
static ssize_t lack_handler(int fd, struct msghdr *message, int flags) {
    int32_t code = request.nlmsg_type == TCPDIAG_GETSOCK ? -EOPNOTSUPP : -ENOENT;

    return unanswered ? refuse(message, NLMSG_ERROR, code) : really_receive(fd, message, flags);
}

/* inet_diag.c __inet_diag_dump(): the dump begins, and ends with the error. */
static ssize_t lack_tcp_diag(int fd, struct msghdr *message, int flags) {
    return unanswered ? refuse(message, NLMSG_DONE, -ENOENT) : really_receive(fd, message, flags);
}

static ssize_t lack_memory(int fd, struct msghdr *message, int flags) {
    return unanswered ? refuse(message, NLMSG_ERROR, -ENOMEM) : really_receive(fd, message, flags);
}

static bool is_any(const struct nlmsghdr *header) {
    (void)header;
    return true;
}

/* Asks for more than listeners. */
static bool is_walk(const struct nlmsghdr *header) {
    const void *asked = NLMSG_DATA(header);
    uint32_t states = header->nlmsg_type == TCPDIAG_GETSOCK
                          ? ((const struct inet_diag_req *)asked)->idiag_states
                          : ((const struct inet_diag_req_v2 *)asked)->idiag_states;

    return (states & ~LISTENING) != 0;
}

static bool is_ipv6_or_legacy(const struct nlmsghdr *header) {
    return header->nlmsg_type == TCPDIAG_GETSOCK ||
           ((const struct inet_diag_req_v2 *)NLMSG_DATA(header))->sdiag_family == AF_INET6;
}

static const struct fault {
    const char *name;
    ssize_t (*receive)(int fd, struct msghdr *message, int flags);
    bool (*withholds)(const struct nlmsghdr *header); /* what never gets to the kernel; NULL: nothing */
} faults[] = {
    {"eintr", be_interrupted, NULL},
    {"enobufs", lose, NULL},
    {"dump-intr", interrupt_dump, NULL},
    {"short", cut_short, NULL},
    {"truncated", truncate_datagram, NULL},
    {"sequence", change_sequence, NULL},
    {"port", change_port, NULL},
    {"foreign", change_sender, NULL},
    {"flood", flood, NULL},
    {"error", put_error, NULL},
    {"no-done", leave_open, NULL},
    {"slow", be_slow, NULL},
    {"no-inet-diag", lack_handler, is_any},
    {"no-tcp-diag", lack_tcp_diag, is_any},
    {"no-walk", lack_memory, is_walk},
    {"no-ipv6", lack_handler, is_ipv6_or_legacy},
};

/* @return NULL while there is none */
static const struct fault *present_fault(void) {
    const char *name = getenv("FAULT"), *path = getenv("FAULT_SWITCH");

    if (!name || !path || access(path, F_OK) < 0)
        return NULL;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (strcmp(faults[i].name, name) == 0)
            return &faults[i];
    abort();
}

static bool is_sock_diag(int fd) {
    int domain = 0, protocol = 0;
    socklen_t length = sizeof domain;

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK &&
           getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 && protocol == NETLINK_SOCK_DIAG;
}

static bool is_interruption(const struct fault *fault) {
    return fault && fault->receive == be_interrupted && calls++ % 2 == 0;
}

ssize_t send(int fd, const void *buf, size_t n, int flags) {
    if (is_sock_diag(fd)) {
        const struct fault *fault = present_fault();
        if (is_interruption(fault))
            return fail(EINTR);
        memcpy(&request, buf, sizeof request);
        requests++;
        unanswered = fault && fault->withholds && fault->withholds(buf);
        if (unanswered)
            return (ssize_t)n;
    }
    return syscall(SYS_sendto, fd, buf, n, flags, NULL, 0);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    const struct fault *fault = is_sock_diag(fd) ? present_fault() : NULL;
    bool spared = getenv("FAULT_ONCE") && requests % 2 == 0;

    return fault && !spared ? fault->receive(fd, message, flags) : really_receive(fd, message, flags);
}

ssize_t pread(int fd, void *buf, size_t nbytes, off_t offset) {
    if (is_interruption(present_fault()))
        return fail(EINTR);
    return syscall(SYS_pread64, fd, buf, nbytes, offset);
}
