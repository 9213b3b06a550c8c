/* SPDX-License-Identifier: MIT */
/* Brings TCP sockets of the network namespace it runs in into a known condition, for tests and the demo. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/address.h"
#include "load/clients.h"
#include "load/conntrack.h"
#include "load/flood.h"
#include "load/peers.h"
#include "load/serve.h"
#include "load/silent.h"
#include "load/states.h"
#include "util.h"

enum {
    EXIT_USAGE = 2,
    EXIT_UNSUPPORTED = 3,
    COUNT_MAX = 100000000,
    RATE_MAX = 10000000,
    SECONDS_MAX = 3600,
    FILES_MAX = 500000
};
enum { ACCEPT_RATE_MAX = 1000000, MSEC_MAX = 3600000, BYTES_MAX = 100000000 };

struct options {
    const char *address, *source_base, *accept, *kind;
    uint64_t port, sources, rate, count, backlog, seconds, accept_rate, close_after_msec, defer, send,
        reuseport;
    uint64_t lifetime_msec, destinations, ports;
    bool close_first, leak, keepalive, half_close, bind_first, no_port, read, subnets, unlisten;
};

struct command {
    const char *name;
    const char *usage;
    int (*run)(const struct options *options);
};

static void ready(void) {
    printf("READY usec=%" PRIu64 "\n", now_monotonic_usec());
    fflush(stdout);
}

static int fail(const char *what, int error) {
    fprintf(stderr, "tcpload: %s: %s\n", what, strerror(-error));
    return EXIT_FAILURE;
}

static void usage_error(const char *what, const char *value, const char *allowed) {
    fprintf(stderr, "tcpload: %s: \"%s\" is not %s\n", what, value ? value : "", allowed);
    exit(EXIT_USAGE);
}

static struct sockaddr_storage address_of(const char *option, const char *text, uint64_t port) {
    struct sockaddr_storage address = {0};

    if (!text || address_parse(text, (uint16_t)port, &address) < 0)
        usage_error(option, text, "a numeric IPv4 or IPv6 address");
    return address;
}

static struct sockaddr_storage target(const struct options *options) {
    if (options->port == 0)
        usage_error("--port", "0", "a number from 1 to 65535");
    return address_of("--addr", options->address, options->port);
}

/* Keeps what stands until standard input ends. */
static int hold_on(const struct options *options, const char *what, int error) {
    if (error < 0)
        return fail(what, error);
    ready();
    peers_wait((unsigned int)options->seconds);
    return EXIT_SUCCESS;
}

static int run_flood(const struct options *options) {
    struct flood flood = {.source_base = address_of("--source-base", options->source_base, 0),
                          .destination = target(options),
                          .sources = (uint32_t)options->sources,
                          .subnets = options->subnets,
                          .rate = options->rate,
                          .count = options->count,
                          .started = ready};
    uint64_t sent, start_usec = now_monotonic_usec();

    if (flood.source_base.ss_family != flood.destination.ss_family)
        usage_error("--source-base", options->source_base, "of the family of --addr");
    int error = flood_send(&flood, &sent);
    uint64_t took_msec = (now_monotonic_usec() - start_usec) / USEC_PER_MSEC;
    printf("sent=%" PRIu64 " msec=%" PRIu64 "\n", sent, took_msec);
    return error < 0 ? fail("flood", error) : EXIT_SUCCESS;
}

/* Makes sure that as many sockets may be open. */
static void allow_files(uint64_t sockets) {
    int error = sockets > FILES_MAX ? -EMFILE : peers_allow_files(sockets);

    if (error < 0)
        exit(fail("open files", error));
}

static int run_listen(const struct options *options) {
    struct serving serving = {.address = target(options),
                              .backlog = (int)options->backlog,
                              .group = (unsigned int)options->reuseport,
                              .defer_sec = (unsigned int)options->defer,
                              .keepalive = options->keepalive,
                              .accept_none = strcmp(options->accept, "none") == 0,
                              .accept_rate = options->accept_rate,
                              .send_bytes = options->send,
                              .close_first = options->close_first,
                              .half_close = options->half_close,
                              .leak = options->leak,
                              .close_after_msec = options->close_after_msec,
                              .seconds = (unsigned int)options->seconds,
                              .started = ready};

    if (!serving.accept_none && strcmp(options->accept, "all") != 0)
        usage_error("--accept", options->accept, "all or none");
    peers_allow_most_files();
    int error = serve(&serving);
    return error < 0 ? fail("listen", error) : EXIT_SUCCESS;
}

static int run_clients(const struct options *options) {
    struct clients clients = {.destination = target(options),
                              .destinations = (uint32_t)options->destinations,
                              .ports = (uint32_t)options->ports,
                              .sources = (uint32_t)options->sources,
                              .bind_first = options->bind_first,
                              .no_port = options->no_port,
                              .keepalive = options->keepalive,
                              .read = options->read,
                              .count = options->count,
                              .rate = options->rate,
                              .send_bytes = options->send,
                              .lifetime_msec = options->lifetime_msec,
                              .seconds = (unsigned int)options->seconds,
                              .started = ready};
    struct clients_result result;

    if (clients.count == 0 && clients.rate == 0)
        usage_error("--rate", "0", "a number from 1, as it must be with --count 0");
    if (options->source_base)
        clients.source_base = address_of("--source-base", options->source_base, 0);
    if (clients.count > 0)
        allow_files(clients.count);
    else
        peers_allow_most_files();
    int error = clients_run(&clients, &result);
    printf("connected=%" PRIu64 " refused=%" PRIu64 " failed=%" PRIu64 " timeout=%" PRIu64
           " exhausted=%" PRIu64 "\n",
           result.connected, result.refused, result.failed, result.timeout, result.exhausted);
    return error < 0 ? fail("clients", error) : EXIT_SUCCESS;
}

static int run_hold(const struct options *options) {
    struct sockaddr_storage address = target(options);
    struct sockaddr_storage source =
        address_of("--source-base", options->source_base ? options->source_base : options->address, 0);

    allow_files(2 * options->count);
    return hold_on(options, "hold", peers_hold(&address, &source, options->count, options->unlisten));
}

static int run_leak(const struct options *options) {
    struct sockaddr_storage address = target(options);

    allow_files(options->count);
    return hold_on(options, "leak", peers_leak(&address, options->count));
}

static int run_time_wait_inbound(const struct options *options) {
    struct sockaddr_storage address = target(options);
    struct sockaddr_storage source = address_of("--source-base", options->source_base, 0);

    return hold_on(options, "timewait-inbound",
                   peers_time_wait_inbound(&address, &source, options->count, options->rate));
}

static int run_churn(const struct options *options) {
    struct sockaddr_storage address = target(options);
    uint64_t made;
    int error = peers_churn(&address, options->count, options->rate, &made);

    printf("made=%" PRIu64 " exhausted=%d\n", made, error == -EADDRNOTAVAIL);
    return hold_on(options, "churn", error == -EADDRNOTAVAIL ? 0 : error);
}

static int run_states(const struct options *options) {
    static const char *const kinds[STATES_KINDS] = {"ipv4", "ipv6", "mapped"};
    struct states states;
    size_t rows, kind = 0;
    const struct states_row *row = states_table(&rows);

    while (kind < STATES_KINDS && strcmp(options->kind, kinds[kind]) != 0)
        kind++;
    if (kind == STATES_KINDS)
        usage_error("--kind", options->kind, "ipv4, ipv6 or mapped");
    int error = states_make(&states, (enum states_kind)kind);
    for (size_t i = 0; error == 0 && i < rows; i++)
        printf("%-24s %u\n", row[i].name, row[i].count);
    return hold_on(options, "states", error);
}

/* A peer that the silent link swallows, and the local address, if one is given. */
static struct silent silent_of(const struct options *options) {
    struct silent silent = {.peer = target(options), .count = options->count};

    if (options->source_base)
        silent.source = address_of("--source-base", options->source_base, 0);
    return silent;
}

static int run_simultaneous(const struct options *options) {
    struct silent silent = silent_of(options);

    allow_files(options->count);
    return hold_on(options, "simultaneous", silent_simultaneous(&silent));
}

static int run_orphans(const struct options *options) {
    struct silent silent = silent_of(options);

    return hold_on(options, "orphans", silent_orphans(&silent));
}

static int run_conntrack(const struct options *options) {
    int error = conntrack_create(options->count);

    if (error == -EOPNOTSUPP) {
        fprintf(stderr, "tcpload: conntrack: this kernel has no ctnetlink\n");
        return EXIT_UNSUPPORTED;
    }
    int status = hold_on(options, "conntrack", error);
    conntrack_delete(options->count);
    return status;
}

static const struct command commands[] = {
    {"flood", "--source-base A --sources N [--subnets] --addr A --port P --rate PER-SECOND --count N",
     run_flood},
    {"listen",
     "--addr A --port P [--backlog N] [--accept none|all] [--accept-rate PER-SECOND] [--close-first]\n"
     "        [--close-after-msec M] [--leak] [--half-close] [--send BYTES] [--defer SECONDS] [--keepalive]\n"
     "        [--reuseport N] [--seconds N]",
     run_listen},
    {"clients",
     "--addr A --port P --count N [--rate PER-SECOND] [--source-base A] [--sources N] [--bind-first]\n"
     "        [--no-port] [--send BYTES] [--lifetime-msec M] [--read] [--keepalive] [--destinations N]\n"
     "        [--ports N] [--seconds N]",
     run_clients},
    {"hold", "--addr A --port P --count N [--source-base A] [--unlisten] [--seconds N]", run_hold},
    {"leak", "--addr A --port P --count N [--seconds N]", run_leak},
    {"timewait-inbound", "--addr A --port P --count N [--rate PER-SECOND] --source-base A [--seconds N]",
     run_time_wait_inbound},
    {"churn", "--addr A --port P --count N [--rate PER-SECOND] [--seconds N]", run_churn},
    {"simultaneous", "--addr A --port P --count N [--source-base A] [--seconds N]", run_simultaneous},
    {"orphans", "--addr A --port P --count N [--source-base A] [--seconds N]", run_orphans},
    {"conntrack", "--count N [--seconds N]", run_conntrack},
    {"states", "[--kind ipv4|ipv6|mapped] [--seconds N]", run_states},
};

static void usage(FILE *stream) {
    fprintf(stream, "usage:\n");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(stream, "    tcpload %s %s\n", commands[i].name, commands[i].usage);
    fprintf(stream,
            "Prints READY when the condition stands, and keeps it until standard input ends, at most\n"
            "--seconds (300).\n");
}

static uint64_t number(const char *option, const char *text, uint64_t most) {
    char *end, allowed[64];

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value > most) {
        snprintf(allowed, sizeof allowed, "a number from 0 to %" PRIu64, most);
        usage_error(option, text, allowed);
    }
    return value;
}

/* Options that take a number: where it goes and its limit. */
static const struct number_option {
    const char *name;
    size_t offset;
    uint64_t most;
} number_options[] = {
    {"port", offsetof(struct options, port), UINT16_MAX},
    {"sources", offsetof(struct options, sources), UINT32_MAX},
    {"rate", offsetof(struct options, rate), RATE_MAX},
    {"count", offsetof(struct options, count), COUNT_MAX},
    {"backlog", offsetof(struct options, backlog), UINT16_MAX},
    {"seconds", offsetof(struct options, seconds), SECONDS_MAX},
    {"accept-rate", offsetof(struct options, accept_rate), ACCEPT_RATE_MAX},
    {"close-after-msec", offsetof(struct options, close_after_msec), MSEC_MAX},
    {"defer", offsetof(struct options, defer), SECONDS_MAX},
    {"send", offsetof(struct options, send), BYTES_MAX},
    {"reuseport", offsetof(struct options, reuseport), SERVE_GROUP_MAX},
    {"lifetime-msec", offsetof(struct options, lifetime_msec), MSEC_MAX},
    {"destinations", offsetof(struct options, destinations), UINT32_MAX},
    {"ports", offsetof(struct options, ports), UINT16_MAX},
};

static const struct text_option {
    const char *name;
    size_t offset;
} text_options[] = {
    {"addr", offsetof(struct options, address)},
    {"source-base", offsetof(struct options, source_base)},
    {"accept", offsetof(struct options, accept)},
    {"kind", offsetof(struct options, kind)},
};

static const struct flag_option {
    const char *name;
    size_t offset;
} flag_options[] = {
    {"close-first", offsetof(struct options, close_first)},
    {"leak", offsetof(struct options, leak)},
    {"keepalive", offsetof(struct options, keepalive)},
    {"half-close", offsetof(struct options, half_close)},
    {"bind-first", offsetof(struct options, bind_first)},
    {"no-port", offsetof(struct options, no_port)},
    {"read", offsetof(struct options, read)},
    {"subnets", offsetof(struct options, subnets)},
    {"unlisten", offsetof(struct options, unlisten)},
};

/* Stores one option. */
static void take_option(struct options *options, const char *name, const char *value) {
    for (size_t i = 0; i < ARRAY_SIZE(number_options); i++)
        if (strcmp(name, number_options[i].name) == 0) {
            uint64_t parsed = number(name, value, number_options[i].most);
            memcpy((char *)options + number_options[i].offset, &parsed, sizeof parsed);
        }
    for (size_t i = 0; i < ARRAY_SIZE(text_options); i++)
        if (strcmp(name, text_options[i].name) == 0)
            memcpy((char *)options + text_options[i].offset, &value, sizeof value);
    for (size_t i = 0; i < ARRAY_SIZE(flag_options); i++)
        if (strcmp(name, flag_options[i].name) == 0)
            *(bool *)((char *)options + flag_options[i].offset) = true;
}

static struct options parse_options(int argc, char **argv) {
    struct options options = {.accept = "all",
                              .kind = "ipv4",
                              .sources = 1,
                              .backlog = 128,
                              .seconds = 300,
                              .reuseport = 1,
                              .destinations = 1,
                              .ports = 1};
    struct option
        known[ARRAY_SIZE(number_options) + ARRAY_SIZE(text_options) + ARRAY_SIZE(flag_options) + 1] = {0};
    size_t count = 0;
    int index;

    for (size_t i = 0; i < ARRAY_SIZE(number_options); i++)
        known[count++] = (struct option){number_options[i].name, required_argument, NULL, 0};
    for (size_t i = 0; i < ARRAY_SIZE(text_options); i++)
        known[count++] = (struct option){text_options[i].name, required_argument, NULL, 0};
    for (size_t i = 0; i < ARRAY_SIZE(flag_options); i++)
        known[count++] = (struct option){flag_options[i].name, no_argument, NULL, 0};
    for (int found = getopt_long(argc, argv, "", known, &index); found != -1;
         found = getopt_long(argc, argv, "", known, &index)) {
        if (found != 0)
            exit(EXIT_USAGE);
        take_option(&options, known[index].name, optarg);
    }
    if (optind < argc)
        usage_error("argument", argv[optind], "known");
    if (options.sources == 0 || options.reuseport == 0 || options.destinations == 0 || options.ports == 0)
        usage_error("--sources, --reuseport, --destinations or --ports", "0", "a number from 1");
    return options;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            if (argc == 3 && strcmp(argv[2], "--help") == 0) {
                printf("usage: tcpload %s %s\n", commands[i].name, commands[i].usage);
                return EXIT_SUCCESS;
            }
            struct options options = parse_options(argc - 1, argv + 1);
            return commands[i].run(&options);
        }
    usage(stderr);
    return EXIT_USAGE;
}
