/* SPDX-License-Identifier: MIT */
#include "effect.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/load/address.h"
#include "../tools/load/flood.h"
#include "../tools/load/peers.h"
#include "config.h"
#include "lab.h"
#include "sampler.h"
#include "util.h"

enum { SETTLE_MSEC = 50, SETTLE_TRIES = 100, REMOTE_BACKLOG = 4096, FLOOD_SOURCES = 60000 };

static struct sockaddr_storage address_of(const char *text, uint16_t port) {
    struct sockaddr_storage address;

    assert_int_equal(address_parse(text, port, &address), 0);
    return address;
}

struct sample effect_sample(void) {
    struct config config;
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);

    config_defaults(&config);
    assert_non_null(sampler);
    struct sample sample = *sampler_take(sampler, &config, false);
    for (enum source source = 0; source < SOURCE_SYSCTL;
         source++) /* what counts; the test sets the sysctls */
        if (sample.source[source].failed_ticks)
            fail_msg("%s: %s", source_name(source), sample.source[source].reason);
    assert_true(sample.walked);
    sample.listener = NULL;
    sample.port = NULL;
    sample.listener_count = sample.port_count = 0;
    sample.reserved_ports = NULL;
    return sample;
}

static bool same_counters(const struct sample *a, const struct sample *b) {
    for (int i = 0; i < COUNTER_COUNT; i++)
        if (a->counter[i].value != b->counter[i].value)
            return false;
    return true;
}

struct sample effect_settled(void) {
    struct sample before = effect_sample();

    for (int i = 0; i < SETTLE_TRIES; i++) {
        effect_sleep(SETTLE_MSEC);
        struct sample after = effect_sample();
        if (same_counters(&before, &after))
            return after;
        before = after;
    }
    fail_msg("the counters do not come to rest");
    return before;
}

uint64_t effect_increase(const struct sample *before, const struct sample *after, enum counter counter) {
    struct figure increase = figure_increase(before->counter[counter], after->counter[counter]);

    assert_true(figure_known(increase));
    return increase.value;
}

uint64_t effect_state(const struct sample *sample, enum tcp_state state) {
    assert_true(figure_known(sample->state[state]));
    return sample->state[state].value;
}

static void take_timer(const struct diag_socket *socket, void *context) {
    struct effect_timers *timers = context;

    if (timers->count == 0 || socket->expires_msec < timers->shortest_msec)
        timers->shortest_msec = socket->expires_msec;
    if (socket->expires_msec > timers->longest_msec)
        timers->longest_msec = socket->expires_msec;
    timers->count++;
}

struct effect_timers effect_timers(enum tcp_state state) {
    struct effect_timers timers = {0};
    struct sock_diag *diag = sock_diag_open();

    assert_non_null(diag);
    const struct diag_request request = {.state_mask = 1U << state};
    int error = sock_diag_dump(diag, &request, take_timer, NULL, &timers);
    sock_diag_close(diag);
    assert_int_equal(error, 0);
    return timers;
}

int effect_listen(int backlog) {
    struct sockaddr_storage address = address_of(EFFECT_SERVER, EFFECT_PORT);

    return peers_listen(&address, backlog);
}

int effect_listen_there(int peer, uint16_t port) {
    struct sockaddr_storage address = address_of(EFFECT_REMOTE, port);
    CLEANUP_FD int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    assert_true(here >= 0);
    assert_int_equal(setns(peer, CLONE_NEWNET), 0);
    int fd = peers_listen(&address, REMOTE_BACKLOG);
    assert_int_equal(setns(here, CLONE_NEWNET), 0);
    return fd;
}

void effect_flood(uint64_t count, uint64_t rate) {
    static uint32_t round;
    struct flood flood = {.source_base = address_of("100.64.0.1", 0),
                          .destination = address_of(EFFECT_SERVER, EFFECT_PORT),
                          .sources = FLOOD_SOURCES,
                          .rate = rate,
                          .count = count};
    uint64_t sent;

    address_add(&flood.source_base, round++ * FLOOD_SOURCES); /* nobody asks twice */
    assert_int_equal(flood_send(&flood, &sent), 0);
    assert_int_equal(sent, count);
}

int effect_connect(uint16_t port) {
    struct sockaddr_storage address = address_of(EFFECT_REMOTE, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&address, address_length(&address)) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

size_t effect_connect_many(uint16_t port, int *fd, size_t count) {
    for (size_t i = 0; i < count; i++) {
        fd[i] = effect_connect(port);
        if (fd[i] == -EADDRNOTAVAIL)
            return i;
        assert_true(fd[i] >= 0);
    }
    return count;
}

/* With the peer's FIN read, TIME-WAIT stands at close(). */
size_t effect_churn(int listener, uint16_t port, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char byte;
        int client = effect_connect(port);
        if (client == -EADDRNOTAVAIL)
            return i;
        assert_true(client >= 0);
        int server = accept(listener, NULL, NULL);
        assert_true(server >= 0);
        shutdown(client, SHUT_WR);
        assert_int_equal(read(server, &byte, 1), 0);
        close(server);
        assert_int_equal(read(client, &byte, 1), 0);
        close(client);
    }
    return count;
}

void effect_close(int *fd, size_t count) {
    for (size_t i = 0; i < count; i++)
        close(fd[i]);
}

void effect_sleep(unsigned int msec) {
    struct timespec pause = {.tv_sec = msec / 1000, .tv_nsec = msec % 1000 * 1000000L};

    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, &pause) == EINTR)
        ;
}
