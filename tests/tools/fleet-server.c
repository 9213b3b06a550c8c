/* SPDX-License-Identifier: MIT */
/*
 * Many hosts out of a few real metrics files: the first is that of a quiet host, the others of hosts in
 * trouble. One host in 50 is in trouble at a time, in turns of two minutes. Counters go on at the rate that
 * they had while the file was written, gauges waver by a tenth; no two hosts or moments are alike.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "util.h"

enum { EXIT_USAGE = 2, FILES_MAX = 16, LINES_MAX = 1000, FILE_BYTES = 128 * 1024, REQUEST_BYTES = 4096 };
enum { TROUBLE_ONE_IN = 50, TROUBLE_TURN_SEC = 120, BLOCK_SEC = 7200, CONNECTIONS_MAX = 4000 };

/* What becomes of a value in another host, and later. */
enum kind { COMMENT, CONSTANT, CLOCK, RISING, WAVERING };

struct line {
    const char *text; /* a comment; else what stands before the value */
    enum kind kind;
    bool fraction;
    double value, rate; /* a second */
};

struct file {
    char bytes[FILE_BYTES];
    struct line line[LINES_MAX];
    size_t count;
};

static struct file files[FILES_MAX];
static size_t file_count;
static char page[2 * FILE_BYTES];

/* What node_exporter adds that rules about synwaitd look at. */
static const char exporter[] =
    "node_exporter_build_info{version=\"1.5.0\"} 1\nnode_textfile_scrape_error 0\n";

/* A number from 0 to 1, the same for the same host, line and moment (the mixing is splitmix64's). */
static double chance(uint64_t host, uint64_t line, uint64_t moment) {
    uint64_t x = host * 0x9E3779B97F4A7C15 + line * 0xBF58476D1CE4E5B9 + moment * 0x94D049BB133111EB;

    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return (double)((x ^ (x >> 31)) >> 11) / (double)(UINT64_C(1) << 53);
}

static enum kind kind_of(const struct line *line) {
    static const char *const constants[] = {"_limit",   "_backlog",       "_info",    "local_ports",
                                            "interval", "start_",         "resident", "_valid",
                                            "degraded", "incidents_open", "_exact"};

    if (strstr(line->text, "sample_timestamp"))
        return CLOCK;
    for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
        if (strstr(line->text, constants[i]))
            return CONSTANT;
    if (line->value == 0)
        return CONSTANT;
    return strstr(line->text, "_total") ? RISING : WAVERING;
}

static void read_line(char *text, struct line *line) {
    char *value = strrchr(text, ' ');

    *line = (struct line){.text = text};
    if (text[0] == '#' || !value)
        return;
    *value++ = '\0';
    line->value = strtod(value, NULL);
    line->fraction = strchr(value, '.') != NULL;
    line->kind = kind_of(line);
}

static double find_value(const struct file *file, const char *name) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->line[i].text, name) == 0)
            return file->line[i].value;
    return 0;
}

static int read_metrics(const char *path, struct file *file) {
    int length = read_file_at(AT_FDCWD, path, file->bytes, sizeof file->bytes);
    char *rest = file->bytes;

    if (length < 0)
        return length;
    for (char *text; (text = strsep(&rest, "\n")) && file->count < LINES_MAX;)
        if (*text != '\0')
            read_line(text, &file->line[file->count++]);
    double lived = find_value(file, "synwaitd_sample_timestamp_seconds") -
                   find_value(file, "synwaitd_start_timestamp_seconds");
    if (lived <= 0)
        return -EINVAL;
    for (size_t i = 0; i < file->count; i++)
        if (file->line[i].kind == RISING)
            file->line[i].rate = file->line[i].value / lived;
    return 0;
}

static const struct file *file_of(uint64_t host, uint64_t second) {
    double draw = chance(host, UINT64_MAX, second / TROUBLE_TURN_SEC) * TROUBLE_ONE_IN;

    return draw < 1 && file_count > 1 ? &files[1 + (size_t)(draw * (double)(file_count - 1))] : &files[0];
}

static double value_of(const struct line *line, uint64_t host, uint64_t number, double now, double begun) {
    double draw = chance(host, number, (uint64_t)now);
    double value = line->value;

    switch (line->kind) {
    case CLOCK:
        return now - draw; /* the last tick */
    case RISING:           /* at a steady rate, but for what comes and goes within a few seconds */
        value += line->rate * (now - begun + 5 * draw);
        break;
    case WAVERING:
        value *= 0.9 + 0.2 * draw;
        break;
    default:
        break;
    }
    return line->fraction ? value : (double)(uint64_t)(value + 0.5);
}

static void add_value(struct text *text, const struct line *line, double value) {
    text_add(text, line->fraction ? " %.6f" : " %.0f", value);
}

static struct text make_page(uint64_t host, double now, double begun) {
    const struct file *file = file_of(host, (uint64_t)now);
    struct text text = text_in(page, sizeof page);

    text_add(&text, "%snode_time_seconds %.6f\n", exporter, now);
    for (size_t i = 0; i < file->count; i++) {
        text_put_string(&text, file->line[i].text);
        if (file->line[i].kind != COMMENT)
            add_value(&text, &file->line[i], value_of(&file->line[i], host, i, now, begun));
        text_put(&text, "\n", 1);
    }
    return text;
}

/* The series of a host with its name for a label, and the time: as promtool takes samples of the past. */
static void print_samples(uint64_t host, double now, double begun) {
    const struct file *file = file_of(host, (uint64_t)now);

    for (size_t i = 0; i < file->count; i++) {
        const struct line *line = &file->line[i];
        char value[64];
        struct text text = text_in(value, sizeof value);
        if (line->kind == COMMENT)
            continue;
        size_t name = strcspn(line->text, "{");
        bool labels = line->text[name] == '{';
        add_value(&text, line, value_of(line, host, i, now, begun));
        printf("%.*s{instance=\"host-%" PRIu64 "\",job=\"node\",cluster=\"main\"%s%s%s %.3f\n", (int)name,
               line->text, host, labels ? "," : "}", labels ? line->text + name + 1 : "", value, now);
    }
}

static int write_samples(uint64_t hosts, uint64_t seconds, uint64_t step) {
    /* A block of Prometheus' begins at an even hour. */
    uint64_t now = clock_usec(CLOCK_REALTIME) / USEC_PER_SEC;
    double begun = (double)(now - now % BLOCK_SEC - seconds);

    for (uint64_t i = 0; i < seconds; i += step)
        for (uint64_t host = 0; host < hosts; host++)
            print_samples(host, begun + (double)i, begun);
    puts("# EOF");
    return fflush(stdout) == 0 ? 0 : -errno;
}

static int send_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent < 0)
            return -errno;
        data += sent;
        size -= (size_t)sent;
    }
    return 0;
}

/* One request, one answer; without a word to whom asks for anything else, or has gone. */
static void answer(int fd, double begun) {
    char request[REQUEST_BYTES], header[128];
    const struct timeval patience = {.tv_sec = 5};
    static const char wanted[] = "GET /metrics/";

    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ssize_t got = recv(fd, request, sizeof request - 1, MSG_DONTWAIT);
    request[got > 0 ? got : 0] = '\0';
    if (strncmp(request, wanted, sizeof wanted - 1) != 0)
        return;
    uint64_t host = strtoull(request + sizeof wanted - 1, NULL, 10);
    struct text text = make_page(host, (double)clock_usec(CLOCK_REALTIME) / USEC_PER_SEC, begun);
    int length =
        snprintf(header, sizeof header,
                 "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %zu\r\n"
                 "Connection: close\r\n\r\n",
                 text.length);
    if (send_all(fd, header, (size_t)length) == 0)
        send_all(fd, text.buffer, text.length);
}

/* Prometheus opens connections that it may not use at once: each waits until something comes. */
static struct pollfd polled[1 + CONNECTIONS_MAX];
static nfds_t polled_count;

static void accept_one(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0)
        polled[polled_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void answer_ready(double begun) {
    for (nfds_t i = polled_count - 1; i > 0; i--) {
        if (polled[i].revents == 0)
            continue;
        answer(polled[i].fd, begun);
        close(polled[i].fd);
        polled[i] = polled[--polled_count];
    }
}

static int serve(uint16_t port) {
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    double begun = (double)clock_usec(CLOCK_REALTIME) / USEC_PER_SEC;
    CLEANUP_FD int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, SOMAXCONN) < 0)
        return -errno;
    polled[polled_count++] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (;;) {
        if (poll(polled, polled_count, -1) < 0 && errno != EINTR)
            return -errno;
        answer_ready(begun);
        if (polled[0].revents & POLLIN && polled_count <= CONNECTIONS_MAX)
            accept_one(listener);
    }
}

static int read_all(char **paths, int count) {
    int result = count > FILES_MAX ? -E2BIG : 0;

    for (; result == 0 && (int)file_count < count; file_count += result == 0) {
        result = read_metrics(paths[file_count], &files[file_count]);
        if (result < 0)
            fprintf(stderr, "fleet-server: %s: %s\n", paths[file_count], strerror(-result));
    }
    return result;
}

int main(int argc, char **argv) {
    bool serves = argc >= 4 && strcmp(argv[1], "serve") == 0;
    int result;

    if (!serves && (argc < 6 || strcmp(argv[1], "samples") != 0)) {
        fputs("usage:\n    fleet-server serve PORT QUIET-FILE [TROUBLED-FILE...]: "
              "http://127.0.0.1:PORT/metrics/HOST\n"
              "    fleet-server samples HOSTS SECONDS STEP QUIET-FILE [TROUBLED-FILE...]\n",
              stderr);
        return EXIT_USAGE;
    }
    result = serves ? read_all(argv + 3, argc - 3) : read_all(argv + 5, argc - 5);
    if (result == 0)
        result = serves ? serve((uint16_t)strtoul(argv[2], NULL, 10))
                        : write_samples(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10),
                                        strtoull(argv[4], NULL, 10));
    if (result < 0)
        fprintf(stderr, "fleet-server: %s\n", strerror(-result));
    return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
