/* SPDX-License-Identifier: MIT */
/*
 * Records real sock_diag answers for tests/fixtures: makes a network namespace of its own with sockets in
 * every state on loopback addresses, waits for the first retransmissions, dumps them with each kind of
 * request and writes what came, each datagram with its length before it (32 bits, this machine's byte order).
 *
 *     record_diag DIRECTORY      as root
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEQUENCE   0x5359U
#define ALL_STATES 0xFFEU
#define LISTEN     (1U << 10)
#define WALK       (ALL_STATES & ~(LISTEN | 1U << 1 | 1U << 6 | 1U << 7))

/* One connection. */
struct pair {
    int client, server;
};

static struct sockaddr_in6 address6(const char *text, uint16_t port) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    if (inet_pton(AF_INET6, text, &address.sin6_addr) != 1)
        errx(1, "%s is not an IPv6 address", text);
    return address;
}

static struct sockaddr_in address4(const char *text, uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
        errx(1, "%s is not an IPv4 address", text);
    return address;
}

static bool is_ipv6(const char *text) {
    return strchr(text, ':');
}

static int tcp_socket(const char *text, int flags) {
    int fd = socket(is_ipv6(text) ? AF_INET6 : AF_INET, SOCK_STREAM | flags, 0);

    if (fd < 0)
        err(1, "socket");
    return fd;
}

static void set_option(int fd, int level, int option, int value) {
    if (setsockopt(fd, level, option, &value, sizeof value) < 0)
        err(1, "setsockopt %d", option);
}

/* Gives the address to bind() or connect(). */
static int with_address(int (*call)(int, const struct sockaddr *, socklen_t), int fd, const char *text,
                        uint16_t port) {
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    if (is_ipv6(text)) {
        six = address6(text, port);
        return call(fd, (const struct sockaddr *)&six, sizeof six);
    }
    four = address4(text, port);
    return call(fd, (const struct sockaddr *)&four, sizeof four);
}

static int listen_on(const char *text, uint16_t port, int backlog) {
    int fd = tcp_socket(text, SOCK_NONBLOCK);

    set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (with_address(bind, fd, text, port) < 0 || listen(fd, backlog) < 0)
        err(1, "listen on %s %u", text, port);
    return fd;
}

static int connect_to(const char *text, uint16_t port) {
    int fd = tcp_socket(text, SOCK_NONBLOCK);

    if (with_address(connect, fd, text, port) < 0 && errno != EINPROGRESS)
        err(1, "connect to %s %u", text, port);
    return fd;
}

static struct pair connect_pair(int listener, const char *text, uint16_t port) {
    struct pair pair = {.client = connect_to(text, port)};

    while ((pair.server = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) < 0)
        if (errno != EAGAIN)
            err(1, "accept on %u", port);
    return pair;
}

/* Sends until the peer's window is closed and the send buffer is full. */
static void fill(int fd) {
    static const char data[65536];

    for (int quiet = 0; quiet < 20;) {
        if (send(fd, data, sizeof data, 0) > 0) {
            quiet = 0;
            continue;
        }
        usleep(10000);
        quiet++;
    }
}

static void write_sysctl(const char *path, const char *value) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        err(1, "%s", path);
    close(fd);
}

static void bring_up_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        err(1, "lo");
    close(fd);
}

static void make_established_and_closed(int ipv4, int dual, int ipv6) {
    struct pair pair;

    connect_pair(ipv4, "127.0.0.1", 8001);
    connect_pair(ipv4, "127.0.0.1", 8001);
    connect_pair(dual, "127.0.0.1", 8002);
    connect_pair(ipv6, "::1", 8003);
    pair = connect_pair(ipv4, "127.0.0.1", 8001); /* TIME-WAIT of the client */
    close(pair.client);
    usleep(1000);
    close(pair.server);
    pair = connect_pair(dual, "127.0.0.1", 8002); /* TIME-WAIT of the server, IPv4-mapped */
    close(pair.server);
    usleep(1000);
    close(pair.client);
    pair = connect_pair(ipv6, "::1", 8003);
    close(pair.client);
    usleep(1000);
    close(pair.server);
}

static void make_half_closed(int ipv4, int dual) {
    struct pair pair = connect_pair(ipv4, "127.0.0.1", 8001);

    shutdown(pair.client, SHUT_WR); /* FIN-WAIT-2 held, with keepalive; CLOSE-WAIT held */
    set_option(pair.client, SOL_SOCKET, SO_KEEPALIVE, 1);
    write_sysctl("/proc/sys/net/ipv4/tcp_fin_timeout", "100");
    pair = connect_pair(ipv4, "127.0.0.1", 8001);
    close(pair.client); /* FIN-WAIT-2 orphan, a full socket for the first 40 s */
    usleep(200000);     /* the FIN's ACK is delayed by 40 ms */
    write_sysctl("/proc/sys/net/ipv4/tcp_fin_timeout", "60");
    pair = connect_pair(dual, "127.0.0.1", 8002);
    close(pair.server);                   /* FIN-WAIT-2 minisocket, IPv4-mapped; CLOSE-WAIT of the client */
    close(connect_to("127.0.0.1", 8004)); /* CLOSE-WAIT not accepted; FIN-WAIT-2 minisocket */
}

static void make_closing(int ipv4) {
    struct pair pair = connect_pair(ipv4, "127.0.0.1", 8001);

    fill(pair.client); /* FIN-WAIT-1 held */
    shutdown(pair.client, SHUT_WR);
    pair = connect_pair(ipv4, "127.0.0.1", 8001);
    fill(pair.client); /* FIN-WAIT-1 orphan */
    close(pair.client);
    pair = connect_pair(ipv4, "127.0.0.1", 8001);
    fill(pair.server); /* LAST-ACK; FIN-WAIT-2 held */
    shutdown(pair.client, SHUT_WR);
    usleep(1000);
    close(pair.server);
    pair = connect_pair(ipv4, "127.0.0.1", 8001);
    fill(pair.server); /* CLOSING; FIN-WAIT-2 held */
    shutdown(pair.server, SHUT_WR);
    usleep(1000);
    shutdown(pair.client, SHUT_WR);
}

static void make_half_open(void) {
    int deferred = listen_on("::", 8006, 16);

    set_option(deferred, IPPROTO_TCP, TCP_DEFER_ACCEPT, 30);
    for (int i = 0; i < 3; i++)
        connect_to("127.0.0.1", 8006); /* SYN-RECV, IPv4-mapped: a client that sends nothing */
    connect_to("::1", 8006);
    listen_on("127.0.0.1", 8005, 0);
    for (int i = 0; i < 3; i++) /* one in the accept queue, two SYN-SENT whose SYNs are dropped */
        connect_to("127.0.0.1", 8005);
}

static void make_sockets(void) {
    int ipv4 = listen_on("127.0.0.1", 8001, 16);
    int dual = listen_on("::", 8002, 16);
    int ipv6 = listen_on("::1", 8003, 16);

    listen_on("127.0.0.1", 8004, 8);
    listen_on("127.0.0.1", 8004, 8);
    make_established_and_closed(ipv4, dual, ipv6);
    make_half_closed(ipv4, dual);
    make_closing(ipv4);
    make_half_open();
}

static void request_dump(int fd, int family, uint32_t states) {
    struct {
        struct nlmsghdr header;
        union {
            struct inet_diag_req legacy;
            struct inet_diag_req_v2 by_family;
        };
    } request = {.header = {.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = SEQUENCE}};

    if (family == AF_UNSPEC) {
        request.header.nlmsg_type = TCPDIAG_GETSOCK;
        request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.legacy);
        request.legacy.idiag_states = states;
    } else {
        request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
        request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.by_family);
        request.by_family.sdiag_family = (uint8_t)family;
        request.by_family.sdiag_protocol = IPPROTO_TCP;
        request.by_family.idiag_states = states;
    }
    if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
        err(1, "send");
}

static void record(const char *directory, const char *name, int family, uint32_t states) {
    _Alignas(struct nlmsghdr) static char buffer[32768];
    char path[4096];
    bool done = false;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "we");
    if (fd < 0 || !file)
        err(1, "%s", path);
    request_dump(fd, family, states);
    while (!done) {
        ssize_t length = recv(fd, buffer, sizeof buffer, 0);
        if (length <= 0)
            err(1, "recv");
        uint32_t size = (uint32_t)length;
        if (fwrite(&size, sizeof size, 1, file) != 1 || fwrite(buffer, size, 1, file) != 1)
            err(1, "%s", path);
        for (struct nlmsghdr *at = (struct nlmsghdr *)buffer; NLMSG_OK(at, size); at = NLMSG_NEXT(at, size))
            done = done || at->nlmsg_type == NLMSG_DONE || at->nlmsg_type == NLMSG_ERROR;
    }
    if (fclose(file) != 0)
        err(1, "%s", path);
    close(fd);
}

int main(int argc, char **argv) {
    if (argc != 2)
        errx(2, "usage: record_diag DIRECTORY");
    if (unshare(CLONE_NEWNET) < 0)
        err(1, "a network namespace");
    bring_up_loopback();
    make_sockets();
    usleep(1200000); /* the first retransmissions come after 1 s */
    record(argv[1], "diag_all.bin", AF_UNSPEC, ALL_STATES);
    record(argv[1], "diag_walk.bin", AF_UNSPEC, WALK);
    record(argv[1], "diag_listen.bin", AF_UNSPEC, LISTEN);
    record(argv[1], "diag_inet.bin", AF_INET, ALL_STATES);
    record(argv[1], "diag_inet6.bin", AF_INET6, ALL_STATES);
    return 0;
}
