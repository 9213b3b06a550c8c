/* SPDX-License-Identifier: MIT */
/*
 * Joins two network namespaces by a TUN device each, with a delay and a chosen loss in each direction: what
 * netem would do, on a kernel without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load/input.h"
#include "util.h"

enum { EXIT_USAGE = 2, QUEUE_PACKETS = 65536, READ_BATCH = 256, PACKET_BYTES = 65536, LINE_BYTES = 256 };
enum { DELAY_MSEC_MAX = 60000, SECONDS_MAX = 3600, SECONDS = 300 };

enum end { HERE, THERE, ENDS };

enum kind { KIND_NONE, KIND_ALL, KIND_SYN, KIND_SYNACK, KIND_ACK, KIND_DATA, KIND_FIN, KIND_RST, KINDS };

static const char *const kind_name[KINDS] = {
    [KIND_NONE] = "none", [KIND_ALL] = "all",   [KIND_SYN] = "syn", [KIND_SYNACK] = "synack",
    [KIND_ACK] = "ack",   [KIND_DATA] = "data", [KIND_FIN] = "fin", [KIND_RST] = "rst",
};

struct packet {
    uint64_t due_usec;
    enum end to;
    size_t length;
    unsigned char data[];
};

struct link {
    int tun[ENDS];
    enum kind lose[ENDS]; /* on the way to that end */
    uint64_t delay_usec;
    struct packet *queue[QUEUE_PACKETS]; /* a ring: the link never reorders */
    size_t head, queued;
    uint64_t forwarded, lost, overflowed;
};

struct options {
    const char *netns[ENDS];
    uint64_t seconds;
};

static void usage(FILE *stream) {
    fprintf(stream,
            "usage: slow-link --here NETNS-PATH --there NETNS-PATH [--delay-msec D] [--lose-there KIND]\n"
            "                 [--lose-here KIND] [--seconds N]\n"
            "Joins the two network namespaces: slow0 is 10.9.0.1/16 and 2001:db8:9::1/64 here,\n"
            "10.9.0.2/16 and 2001:db8:9::2/64 there. Each way takes D ms. KIND of packets lost on the\n"
            "way to that end: none, all, syn (without ACK), synack, ack (nothing but ACK), data, fin,\n"
            "rst. Prints READY when the link is up. Standard input may say, a line each:\n"
            "lose-there KIND, lose-here KIND, delay-msec D. Ends with it, at most after --seconds (300).\n");
}

/* A setting by name, from the command line or standard input. @return whether name and value are known. */
static bool set(struct link *link, const char *name, const char *value) {
    if (strcmp(name, "delay-msec") == 0) {
        char *end;
        unsigned long msec = strtoul(value, &end, 10);
        link->delay_usec = msec * USEC_PER_MSEC;
        return end != value && *end == '\0' && msec <= DELAY_MSEC_MAX;
    }
    bool there = strcmp(name, "lose-there") == 0;
    if (!there && strcmp(name, "lose-here") != 0)
        return false;
    for (enum kind kind = KIND_NONE; kind < KINDS; kind++)
        if (strcmp(value, kind_name[kind]) == 0) {
            link->lose[there ? THERE : HERE] = kind;
            return true;
        }
    return false;
}

/* @return the length of the IP header of a packet that is TCP with a whole header; 0 for any other. */
static size_t ip_header_bytes(const unsigned char *packet, size_t length) {
    size_t bytes = 0;
    uint8_t protocol = 0;

    if (length >= sizeof(struct iphdr) && packet[0] >> 4 == 4) {
        bytes = (packet[0] & 0xFU) * 4;
        protocol = packet[offsetof(struct iphdr, protocol)];
    } else if (length >= sizeof(struct ip6_hdr) && packet[0] >> 4 == 6) {
        bytes = sizeof(struct ip6_hdr);
        protocol = packet[offsetof(struct ip6_hdr, ip6_nxt)];
    }
    return protocol == IPPROTO_TCP && length >= bytes + sizeof(struct tcphdr) ? bytes : 0;
}

static bool is_of_kind(enum kind kind, const unsigned char *packet, size_t length) {
    struct tcphdr tcp;
    size_t ip_bytes = ip_header_bytes(packet, length);

    if (kind == KIND_ALL)
        return true;
    if (kind == KIND_NONE || ip_bytes == 0)
        return false;
    memcpy(&tcp, packet + ip_bytes, sizeof tcp);
    bool data = length > ip_bytes + tcp.doff * 4U;
    switch (kind) {
    case KIND_SYN:
        return tcp.syn && !tcp.ack;
    case KIND_SYNACK:
        return tcp.syn && tcp.ack;
    case KIND_ACK:
        return tcp.ack && !data && !tcp.syn && !tcp.fin && !tcp.rst;
    case KIND_DATA:
        return data;
    case KIND_FIN:
        return tcp.fin;
    default:
        return tcp.rst;
    }
}

static void enqueue(struct link *link, enum end to, const unsigned char *data, size_t length) {
    struct packet *packet = link->queued < QUEUE_PACKETS ? malloc(sizeof *packet + length) : NULL;

    if (!packet) {
        link->overflowed++;
        return;
    }
    packet->due_usec = now_monotonic_usec() + link->delay_usec;
    packet->to = to;
    packet->length = length;
    memcpy(packet->data, data, length);
    link->queue[(link->head + link->queued++) % QUEUE_PACKETS] = packet;
}

/* Takes what one end has sent, at most a batch, so that neither end waits for the other. */
static int take(struct link *link, enum end from) {
    unsigned char data[PACKET_BYTES];
    enum end to = from == HERE ? THERE : HERE;

    for (int i = 0; i < READ_BATCH; i++) {
        ssize_t length = read(link->tun[from], data, sizeof data);
        if (length < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (is_of_kind(link->lose[to], data, (size_t)length))
            link->lost++;
        else
            enqueue(link, to, data, (size_t)length);
    }
    return 0;
}

static void deliver_due(struct link *link) {
    uint64_t now_usec = now_monotonic_usec();

    while (link->queued > 0 && link->queue[link->head]->due_usec <= now_usec) {
        struct packet *packet = link->queue[link->head];
        ssize_t written = write(link->tun[packet->to], packet->data, packet->length);
        link->head = (link->head + 1) % QUEUE_PACKETS;
        link->queued--;
        if (written < 0)
            link->overflowed++;
        else
            link->forwarded++;
        free(packet);
    }
}

/* Obeys the lines that standard input has. @return false at its end. */
static bool obey(struct link *link) {
    static char line[LINE_BYTES];
    static size_t used;
    ssize_t got = read(STDIN_FILENO, line + used, sizeof line - 1 - used);
    char *end, *rest, name[LINE_BYTES], value[LINE_BYTES];

    if (got <= 0)
        return false;
    used += (size_t)got;
    line[used] = '\0';
    for (rest = line; (end = strchr(rest, '\n')) != NULL; rest = end + 1) {
        *end = '\0';
        if (sscanf(rest, "%255s %255s", name, value) != 2 || !set(link, name, value))
            fprintf(stderr, "slow-link: \"%s\" is not known\n", rest);
    }
    used = strlen(rest);
    if (used == sizeof line - 1)
        used = 0; /* no command is as long */
    memmove(line, rest, used);
    return true;
}

/* Until the next packet is due, or until the end. */
static struct timespec pause_of(const struct link *link, uint64_t end_usec) {
    uint64_t now_usec = now_monotonic_usec();
    uint64_t due_usec = link->queued > 0 ? link->queue[link->head]->due_usec : end_usec;
    uint64_t usec = due_usec > now_usec ? due_usec - now_usec : 0;

    return (struct timespec){.tv_sec = (time_t)(usec / USEC_PER_SEC),
                             .tv_nsec = (long)(usec % USEC_PER_SEC * 1000)};
}

static int forward(struct link *link, uint64_t seconds) {
    uint64_t end_usec = now_monotonic_usec() + seconds * USEC_PER_SEC;
    struct pollfd ready[] = {
        [HERE] = {.fd = link->tun[HERE], .events = POLLIN},
        [THERE] = {.fd = link->tun[THERE], .events = POLLIN},
        [ENDS] = {.fd = input_watched() ? STDIN_FILENO : -1, .events = POLLIN},
    };

    while (now_monotonic_usec() < end_usec) {
        struct timespec pause = pause_of(link, end_usec);
        int error = 0;
        if (ppoll(ready, ARRAY_SIZE(ready), &pause, NULL) < 0) {
            if (errno != EINTR)
                return -errno;
            continue;
        }
        for (enum end end = HERE; error == 0 && end < ENDS; end++)
            if (ready[end].revents)
                error = take(link, end);
        if (error < 0)
            return error;
        deliver_due(link);
        if (ready[ENDS].revents && !obey(link))
            return 0;
    }
    return 0;
}

/* A TUN device is made in the namespace that the process is in, and the descriptor stays good elsewhere. */
static int open_tun(void) {
    struct ifreq request = {.ifr_name = "slow0", .ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (ioctl(fd, TUNSETIFF, &request) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

static int run_shell(char *command) {
    char *argv[] = {"sh", "-c", command, NULL};
    int status;
    pid_t child;
    int error = posix_spawnp(&child, "sh", NULL, NULL, argv, environ);

    if (error != 0)
        return -error;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return status == 0 ? 0 : -EIO;
}

/* The queue of 500 packets that TUN has by default would lose part of a burst. */
static int set_up(unsigned int host) {
    char command[512];

    snprintf(command, sizeof command,
             "ip link set lo up && ip link set slow0 txqueuelen 20000 && "
             "ip addr add 10.9.0.%u/16 dev slow0 && ip link set slow0 up && "
             "{ [ ! -d /proc/sys/net/ipv6 ] || ip -6 addr add 2001:db8:9::%u/64 dev slow0 nodad; }",
             host, host);
    return run_shell(command);
}

/* Needs both namespaces open first: a path as /proc/self/ns/net is of the namespace the process is in. */
static int join(struct link *link, const struct options *options) {
    int netns[ENDS];

    for (enum end end = HERE; end < ENDS; end++) {
        netns[end] = open(options->netns[end], O_RDONLY | O_CLOEXEC);
        if (netns[end] < 0)
            return -errno;
    }
    for (enum end end = HERE; end < ENDS; end++) {
        if (setns(netns[end], CLONE_NEWNET) < 0)
            return -errno;
        link->tun[end] = open_tun();
        int error = link->tun[end] < 0 ? link->tun[end] : set_up(end == HERE ? 1 : 2);
        if (error < 0)
            return error;
        close(netns[end]);
    }
    return 0;
}

static _Noreturn void usage_exit(void) {
    usage(stderr);
    exit(EXIT_USAGE);
}

static struct options parse_options(int argc, char **argv, struct link *link) {
    enum { OPTION_HERE = 1, OPTION_THERE, OPTION_SECONDS, OPTION_SET, OPTION_HELP };
    static const struct option known[] = {
        {"here", required_argument, NULL, OPTION_HERE},
        {"there", required_argument, NULL, OPTION_THERE},
        {"seconds", required_argument, NULL, OPTION_SECONDS},
        {"delay-msec", required_argument, NULL, OPTION_SET},
        {"lose-there", required_argument, NULL, OPTION_SET},
        {"lose-here", required_argument, NULL, OPTION_SET},
        {"help", no_argument, NULL, OPTION_HELP},
        {0},
    };
    struct options options = {.seconds = SECONDS};
    int index = 0;

    for (int found = getopt_long(argc, argv, "", known, &index); found != -1;
         found = getopt_long(argc, argv, "", known, &index)) {
        if (found == OPTION_HELP) {
            usage(stdout);
            exit(EXIT_SUCCESS);
        } else if (found == OPTION_HERE || found == OPTION_THERE) {
            options.netns[found == OPTION_HERE ? HERE : THERE] = optarg;
        } else if (found == OPTION_SECONDS) {
            options.seconds = strtoul(optarg, NULL, 10);
        } else if (found != OPTION_SET || !set(link, known[index].name, optarg)) {
            usage_exit();
        }
    }
    if (optind < argc || !options.netns[HERE] || !options.netns[THERE] || options.seconds == 0 ||
        options.seconds > SECONDS_MAX)
        usage_exit();
    return options;
}

int main(int argc, char **argv) {
    static struct link link;
    struct options options = parse_options(argc, argv, &link);
    int error = join(&link, &options);

    if (error == 0) {
        printf("READY usec=%" PRIu64 "\n", now_monotonic_usec());
        fflush(stdout);
        error = forward(&link, options.seconds);
        printf("forwarded=%" PRIu64 " lost=%" PRIu64 " overflowed=%" PRIu64 "\n", link.forwarded, link.lost,
               link.overflowed);
    }
    if (error < 0)
        fprintf(stderr, "slow-link: %s\n", strerror(-error));
    return error < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
