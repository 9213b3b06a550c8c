/* SPDX-License-Identifier: MIT */
/* The parser against recorded and hand-made answers; the dump loop against a kernel played by a thread. */
#include "fixture.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock_diag.h"

#define SEQUENCE 0x5359U /* of the recordings */
#define WALK                                                                                                 \
    (1U << STATE_SYN_SENT | 1U << STATE_SYN_RECV | 1U << STATE_FIN_WAIT_1 | 1U << STATE_FIN_WAIT_2 |         \
     1U << STATE_CLOSE_WAIT | 1U << STATE_LAST_ACK | 1U << STATE_CLOSING)

static _Alignas(struct nlmsghdr) char recording[65536];
static _Alignas(struct nlmsghdr) char buffer[4096];

/* What a callback has seen. */
struct tally {
    unsigned int state[STATE_COUNT];
    unsigned int total, ipv4, ipv6, minisockets, requests;
    struct diag_socket last;
};

static void count(const struct diag_socket *socket, void *context) {
    struct tally *tally = context;

    tally->state[socket->state]++;
    tally->total++;
    tally->ipv4 += socket->local.family == ENDPOINT_IPV4;
    tally->ipv6 += socket->local.family == ENDPOINT_IPV6;
    tally->minisockets += socket->minisocket;
    tally->requests += socket->request;
    tally->last = *socket;
}

/* Hands out the next datagram of a recording: each has its length before it. */
static const char *next_datagram(size_t *at, size_t total, uint32_t *length) {
    static _Alignas(struct nlmsghdr) char datagram[32768];

    if (*at + sizeof *length > total)
        return NULL;
    memcpy(length, recording + *at, sizeof *length);
    *at += sizeof *length;
    assert_true(*length <= sizeof datagram && *at + *length <= total);
    memcpy(datagram, recording + *at, *length);
    *at += *length;
    return datagram;
}

static struct tally replay(const char *name) {
    size_t total = read_fixture(name, recording, sizeof recording), at = 0;
    struct tally tally = {0};
    uint32_t length;
    int result = 1;

    for (const char *datagram; (datagram = next_datagram(&at, total, &length));) {
        check_row(name, result, 1);
        result = sock_diag_parse(datagram, length, SEQUENCE, count, &tally);
    }
    check_row(name, result, 0);
    return tally;
}

/* Counts held against what tests/tools/record_diag.c makes. */
static void test_recordings(void **state) {
    static const struct {
        const char *name;
        unsigned int total, ipv4, ipv6, minisockets, requests;
        unsigned int state[STATE_COUNT];
    } rows[] = {
        {"diag_all.bin",
         46,
         38,
         8,
         5,
         4,
         {[STATE_ESTABLISHED] = 16,
          [STATE_SYN_SENT] = 2,
          [STATE_SYN_RECV] = 4,
          [STATE_FIN_WAIT_1] = 2,
          [STATE_FIN_WAIT_2] = 6,
          [STATE_TIME_WAIT] = 3,
          [STATE_CLOSE_WAIT] = 4,
          [STATE_LAST_ACK] = 1,
          [STATE_LISTEN] = 7,
          [STATE_CLOSING] = 1}},
        {"diag_walk.bin",
         20,
         19,
         1,
         2,
         4,
         {[STATE_SYN_SENT] = 2,
          [STATE_SYN_RECV] = 4,
          [STATE_FIN_WAIT_1] = 2,
          [STATE_FIN_WAIT_2] = 6,
          [STATE_CLOSE_WAIT] = 4,
          [STATE_LAST_ACK] = 1,
          [STATE_CLOSING] = 1}},
        {"diag_listen.bin", 7, 4, 3, 0, 0, {[STATE_LISTEN] = 7}},
        {"diag_inet.bin",
         32,
         32,
         0,
         2,
         0,
         {[STATE_ESTABLISHED] = 12,
          [STATE_SYN_SENT] = 2,
          [STATE_FIN_WAIT_1] = 2,
          [STATE_FIN_WAIT_2] = 5,
          [STATE_TIME_WAIT] = 1,
          [STATE_CLOSE_WAIT] = 4,
          [STATE_LAST_ACK] = 1,
          [STATE_LISTEN] = 4,
          [STATE_CLOSING] = 1}},
        {"diag_inet6.bin",
         14,
         6,
         8,
         3,
         4,
         {[STATE_ESTABLISHED] = 4,
          [STATE_SYN_RECV] = 4,
          [STATE_FIN_WAIT_2] = 1,
          [STATE_TIME_WAIT] = 2,
          [STATE_LISTEN] = 3}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct tally tally = replay(rows[i].name);
        for (int s = 0; s < STATE_COUNT; s++)
            check_row(rows[i].name, tally.state[s], rows[i].state[s]);
        check_row(rows[i].name, tally.total, rows[i].total);
        check_row(rows[i].name, tally.ipv4, rows[i].ipv4);
        check_row(rows[i].name, tally.ipv6, rows[i].ipv6);
        check_row(rows[i].name, tally.minisockets, rows[i].minisockets);
        check_row(rows[i].name, tally.requests, rows[i].requests);
    }
}

/* Every datagram cut at every byte, in memory of exactly that size: an error, or fewer whole sockets. */
static void test_every_cut(void **state) {
    size_t total = read_fixture("diag_all.bin", recording, sizeof recording), at = 0;
    uint32_t length;

    (void)state;
    for (const char *datagram; (datagram = next_datagram(&at, total, &length));) {
        struct tally whole = {0};
        sock_diag_parse(datagram, length, SEQUENCE, count, &whole);
        for (uint32_t cut = 0; cut < length; cut++) {
            struct tally tally = {0};
            CLEANUP_FREE char *part = malloc(cut ? cut : 1);
            assert_non_null(part);
            memcpy(part, datagram, cut);
            int result = sock_diag_parse(part, cut, SEQUENCE, count, &tally);
            if (result != -EBADMSG && (result != 1 || tally.total == 0))
                fail_msg("cut at %u of %u: %d after %u", cut, length, result, tally.total);
            check_row("sockets", tally.total <= whole.total, true);
        }
    }
}

/* Every header's length replaced by every value up to a few beyond the datagram. */
static void test_every_length(void **state) {
    size_t total = read_fixture("diag_listen.bin", recording, sizeof recording), at = 0;
    uint32_t length;
    const char *datagram = next_datagram(&at, total, &length);

    (void)state;
    for (uint32_t claimed = 0; claimed < length + 64; claimed++) {
        struct tally tally = {0};
        CLEANUP_FREE char *copy = malloc(length);
        assert_non_null(copy);
        memcpy(copy, datagram, length);
        memcpy(copy, &claimed, sizeof claimed);
        sock_diag_parse(copy, length, SEQUENCE, count, &tally);
    }
    uint32_t huge = UINT32_MAX;
    struct tally tally = {0};
    memcpy(buffer, datagram, sizeof buffer < length ? sizeof buffer : length);
    memcpy(buffer, &huge, sizeof huge);
    assert_int_equal(sock_diag_parse(buffer, length, SEQUENCE, count, &tally), -EBADMSG);
}

/* Appends a message of @p size payload bytes; returns where the next goes. */
static struct nlmsghdr *put(struct nlmsghdr *header, uint16_t type, uint16_t flags, const void *payload,
                            size_t size) {
    memset(header, 0, sizeof *header);
    header->nlmsg_len = (uint32_t)(sizeof *header + size);
    header->nlmsg_type = type;
    header->nlmsg_flags = flags;
    header->nlmsg_seq = SEQUENCE;
    memcpy(mnl_nlmsg_get_payload(header), payload, size);
    return (struct nlmsghdr *)((char *)header + ((header->nlmsg_len + 3) & ~3U));
}

static int parse_from(const struct nlmsghdr *end, struct tally *tally) {
    return sock_diag_parse(buffer, (size_t)((const char *)end - buffer), SEQUENCE, count, tally);
}

static void test_control_messages(void **state) {
    static const struct {
        const char *name;
        uint16_t type, flags;
        int code;
        size_t size;
        int result;
    } rows[] = {
        {"done", NLMSG_DONE, NLM_F_MULTI, 0, 4, 0},
        {"done without payload", NLMSG_DONE, 0, 0, 0, 0},
        {"done with an error", NLMSG_DONE, NLM_F_MULTI, -ENOMEM, 4, -ENOMEM},
        {"done with a length, as old kernels say", NLMSG_DONE, NLM_F_MULTI, 64, 4, 0},
        {"done cut short", NLMSG_DONE, NLM_F_MULTI, 0, 2, -EBADMSG},
        {"done with nonsense", NLMSG_DONE, NLM_F_MULTI, INT32_MIN, 4, -EBADMSG},
        {"done, interrupted", NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 0, 4, -EINTR},
        {"done with an error, interrupted", NLMSG_DONE, NLM_F_DUMP_INTR, -ENOMEM, 4, -ENOMEM},
        {"error", NLMSG_ERROR, 0, -ENOENT, 4, -ENOENT},
        {"largest error", NLMSG_ERROR, 0, -4095, 4, -4095},
        {"error beyond errno", NLMSG_ERROR, 0, -4096, 4, -EBADMSG},
        {"least error", NLMSG_ERROR, 0, INT32_MIN, 4, -EBADMSG},
        {"acknowledgement", NLMSG_ERROR, 0, 0, 4, -EBADMSG},
        {"positive error", NLMSG_ERROR, 0, 2, 4, -EBADMSG},
        {"error cut short", NLMSG_ERROR, 0, -ENOENT, 3, -EBADMSG},
        {"nothing", NLMSG_NOOP, 0, 0, 0, 1},
        {"nothing, interrupted", NLMSG_NOOP, NLM_F_DUMP_INTR, 0, 0, -EINTR},
        {"overrun", NLMSG_OVERRUN, 0, 0, 0, -EINTR},
        {"unknown type", 0x77, 0, 0, 4, -EBADMSG},
        {"socket without body", SOCK_DIAG_BY_FAMILY, 0, 0, 0, -EBADMSG},
        {"legacy socket without body", TCPDIAG_GETSOCK, 0, 0, 4, -EBADMSG},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct tally tally = {0};
        struct nlmsghdr *end =
            put((struct nlmsghdr *)buffer, rows[i].type, rows[i].flags, &rows[i].code, rows[i].size);
        check_row(rows[i].name, parse_from(end, &tally), rows[i].result);
        check_row(rows[i].name, tally.total, 0);
    }
}

static struct inet_diag_msg message_of(uint8_t family, uint8_t socket_state) {
    struct inet_diag_msg message = {.idiag_family = family, .idiag_state = socket_state};

    message.id.idiag_sport = htons(80);
    message.id.idiag_dport = htons(4000);
    return message;
}

static int parse_one(const struct inet_diag_msg *message, struct tally *tally) {
    return parse_from(
        put((struct nlmsghdr *)buffer, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, message, sizeof *message), tally);
}

static void test_classes(void **state) {
    static const struct {
        const char *name;
        uint8_t state, timer;
        uint32_t inode, uid, rqueue, wqueue;
        bool request, minisocket;
    } rows[] = {
        {"request socket", STATE_SYN_RECV, 1, 0, 0, 0, 0, true, false},
        {"simultaneous open", STATE_SYN_RECV, 1, 9, 0, 0, 1, false, false},
        {"simultaneous open without queue", STATE_SYN_RECV, 1, 9, 0, 0, 0, false, false},
        {"Fast Open child", STATE_SYN_RECV, 1, 0, 0, 0, 1, false, false},
        {"Fast Open child with data", STATE_SYN_RECV, 1, 0, 0, 10, 0, false, false},
        {"a user's socket in SYN-RECV", STATE_SYN_RECV, 1, 0, 1000, 0, 0, false, false},
        {"SYN-RECV without the timer", STATE_SYN_RECV, 0, 0, 0, 0, 0, false, false},
        {"SYN-SENT is none", STATE_SYN_SENT, 1, 0, 0, 0, 0, false, false},
        {"FIN-WAIT-2 minisocket", STATE_FIN_WAIT_2, 3, 0, 0, 0, 0, false, true},
        {"FIN-WAIT-2 orphan", STATE_FIN_WAIT_2, 2, 0, 0, 0, 0, false, false},
        {"FIN-WAIT-2 held", STATE_FIN_WAIT_2, 0, 9, 0, 0, 0, false, false},
        {"TIME-WAIT", STATE_TIME_WAIT, 3, 0, 0, 0, 0, false, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct inet_diag_msg message = message_of(AF_INET, rows[i].state);
        struct tally tally = {0};
        message.idiag_timer = rows[i].timer;
        message.idiag_inode = rows[i].inode;
        message.idiag_uid = rows[i].uid;
        message.idiag_rqueue = rows[i].rqueue;
        message.idiag_wqueue = rows[i].wqueue;
        check_row(rows[i].name, parse_one(&message, &tally), 1);
        check_row(rows[i].name, tally.last.state, rows[i].state);
        check_row(rows[i].name, tally.last.request, rows[i].request);
        check_row(rows[i].name, tally.last.minisocket, rows[i].minisocket);
    }
}

static void test_fields(void **state) {
    struct inet_diag_msg message = message_of(AF_INET6, STATE_LISTEN);
    struct tally tally = {0};
    char text[ENDPOINT_TEXT_SIZE];

    (void)state;
    message.idiag_retrans = 7;
    message.idiag_expires = 1500;
    message.idiag_rqueue = 129;
    message.idiag_wqueue = 128;
    message.idiag_uid = 33;
    message.idiag_inode = 4242;
    message.id.idiag_if = 3;
    message.id.idiag_src[0] = htonl(0x20010db8);
    message.id.idiag_src[3] = htonl(1);
    message.id.idiag_dst[2] = htonl(0xffff);
    message.id.idiag_dst[3] = htonl(0xc0000201);
    assert_int_equal(parse_one(&message, &tally), 1);
    endpoint_format(&tally.last.local, text);
    assert_string_equal(text, "[2001:db8::1%3]:80");
    endpoint_format(&tally.last.remote, text);
    assert_string_equal(text, "192.0.2.1:4000");
    assert_int_equal(tally.last.retransmits, 7);
    assert_int_equal(tally.last.expires_msec, 1500);
    assert_int_equal(tally.last.receive_queue, 129);
    assert_int_equal(tally.last.send_queue, 128);
    assert_int_equal(tally.last.uid, 33);
    assert_int_equal(tally.last.inode, 4242);
}

/* A later kernel may have more; they are none of ours. */
static void test_passed_over(void **state) {
    static const struct {
        const char *name;
        uint8_t family, state;
    } rows[] = {
        {"no state", AF_INET, 0},          {"NEW_SYN_RECV", AF_INET, 12}, {"bound", AF_INET, 13},
        {"state 255", AF_INET6, 255},      {"no family", AF_UNSPEC, 1},   {"UNIX", AF_UNIX, 1},
        {"family 255", 255, STATE_LISTEN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct inet_diag_msg message = message_of(rows[i].family, rows[i].state);
        struct tally tally = {0};
        check_row(rows[i].name, parse_one(&message, &tally), 1);
        check_row(rows[i].name, tally.total, 0);
    }
}

static void test_mixed_datagrams(void **state) {
    struct inet_diag_msg message = message_of(AF_INET, STATE_CLOSE_WAIT);
    struct nlmsghdr *first = (struct nlmsghdr *)buffer, *second, *third, *end;
    struct tally tally = {0};
    int zero = 0;

    (void)state;
    second = put(first, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, &message, sizeof message);
    third = put(second, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, &message, sizeof message);
    end = put(third, NLMSG_DONE, NLM_F_MULTI, &zero, sizeof zero);
    assert_int_equal(parse_from(end, &tally), 0);
    assert_int_equal(tally.total, 2);
    assert_int_equal(sock_diag_parse(buffer, 0, SEQUENCE, count, &tally), -EBADMSG);
    assert_int_equal(sock_diag_parse(buffer, SIZE_MAX, SEQUENCE, count, &tally), -EBADMSG);
    assert_int_equal(sock_diag_parse(buffer, 64, SEQUENCE + 1, count, &tally), -EBADMSG);
    first->nlmsg_flags |= NLM_F_DUMP_INTR; /* on any message of the datagram */
    assert_int_equal(parse_from(end, &tally), -EINTR);
    first->nlmsg_flags = NLM_F_MULTI;
    second->nlmsg_seq++;
    tally = (struct tally){0};
    assert_int_equal(parse_from(end, &tally), -EBADMSG);
    assert_int_equal(tally.total, 1);
}

/* What the played kernel answers to one request. */
enum answer {
    ANSWER_GOOD,          /* three CLOSE-WAIT in two datagrams, done */
    ANSWER_INTERRUPTED,   /* the flag on the first datagram, and the rest of the dump */
    ANSWER_INTERRUPTED_2, /* the flag on the last message alone */
    ANSWER_STALE_FIRST,   /* the tail of an older dump, then a good one */
    ANSWER_FOREIGN_FIRST, /* another socket's answer, then a good one */
    ANSWER_MALFORMED,     /* rubbish, then the rest of the dump */
    ANSWER_ENOENT,
    ANSWER_EOPNOTSUPP,
    ANSWER_EBUSY,
    ANSWER_DONE_ENOMEM,
    ANSWER_EMPTY, /* done at once */
    ANSWER_SILENCE,
};

struct script {
    const char *name;
    enum answer answer[8]; /* the first is to the detection */
    size_t count;
    int result;
    unsigned int total, restarts;
    uint32_t type; /* of the last request */
};

/* The played kernel's end. */
struct stage {
    int fd;
    const struct script *script;
    size_t asked;
    uint16_t type;
    uint32_t states;
};

static void say(const struct stage *stage, uint32_t sequence, uint16_t flags, unsigned int sockets, bool last,
                int code) {
    static _Alignas(struct nlmsghdr) char bytes[1024];
    struct inet_diag_msg message = message_of(AF_INET, STATE_CLOSE_WAIT);
    struct nlmsghdr *at = (struct nlmsghdr *)bytes, *start;

    for (unsigned int i = 0; i < sockets; i++) {
        start = at;
        at = put(at, stage->type, flags, &message, sizeof message);
        start->nlmsg_seq = sequence;
    }
    if (last) {
        start = at;
        at = put(at, NLMSG_DONE, flags, &code, sizeof code);
        start->nlmsg_seq = sequence;
    }
    send(stage->fd, bytes, (size_t)((char *)at - bytes), MSG_NOSIGNAL);
}

static void refuse(const struct stage *stage, uint32_t sequence, int code) {
    _Alignas(struct nlmsghdr) char bytes[64];
    struct nlmsghdr *header = (struct nlmsghdr *)bytes;
    struct nlmsghdr *end = put(header, NLMSG_ERROR, 0, &code, sizeof code);

    header->nlmsg_seq = sequence;
    send(stage->fd, bytes, (size_t)((char *)end - bytes), MSG_NOSIGNAL);
}

static void give(const struct stage *stage, enum answer answer, uint32_t sequence) {
    switch (answer) {
    case ANSWER_STALE_FIRST:
        say(stage, sequence - 1, NLM_F_MULTI, 5, false, 0);
        say(stage, sequence - 1, NLM_F_MULTI, 5, true, 0);
        give(stage, ANSWER_GOOD, sequence);
        break;
    case ANSWER_FOREIGN_FIRST:
        say(stage, sequence + 1000, NLM_F_MULTI, 5, true, 0);
        give(stage, ANSWER_GOOD, sequence);
        break;
    case ANSWER_GOOD:
        say(stage, sequence, NLM_F_MULTI, 2, false, 0);
        say(stage, sequence, NLM_F_MULTI, 1, true, 0);
        break;
    case ANSWER_INTERRUPTED:
        say(stage, sequence, NLM_F_MULTI | NLM_F_DUMP_INTR, 2, false, 0);
        say(stage, sequence, NLM_F_MULTI, 3, false, 0);
        say(stage, sequence, NLM_F_MULTI, 1, true, 0);
        break;
    case ANSWER_INTERRUPTED_2:
        say(stage, sequence, NLM_F_MULTI, 2, false, 0);
        say(stage, sequence, NLM_F_MULTI | NLM_F_DUMP_INTR, 0, true, 0);
        break;
    case ANSWER_MALFORMED:
        send(stage->fd, "rubbish", 7, MSG_NOSIGNAL);
        say(stage, sequence, NLM_F_MULTI, 4, false, 0);
        say(stage, sequence, NLM_F_MULTI, 0, true, 0);
        break;
    case ANSWER_ENOENT:
        refuse(stage, sequence, -ENOENT);
        break;
    case ANSWER_EOPNOTSUPP:
        refuse(stage, sequence, -EOPNOTSUPP);
        break;
    case ANSWER_EBUSY:
        refuse(stage, sequence, -EBUSY);
        break;
    case ANSWER_DONE_ENOMEM:
        say(stage, sequence, NLM_F_MULTI, 1, false, 0);
        say(stage, sequence, NLM_F_MULTI, 0, true, -ENOMEM);
        break;
    case ANSWER_EMPTY:
        say(stage, sequence, NLM_F_MULTI, 0, true, 0);
        break;
    case ANSWER_SILENCE:
        break;
    }
}

static void *play_kernel(void *context) {
    struct stage *stage = context;
    _Alignas(struct nlmsghdr) char request[256];
    const struct nlmsghdr *header = (const struct nlmsghdr *)request;

    while (recv(stage->fd, request, sizeof request, 0) > 0) {
        stage->type = header->nlmsg_type;
        stage->states = header->nlmsg_type == TCPDIAG_GETSOCK
                            ? ((const struct inet_diag_req *)mnl_nlmsg_get_payload(header))->idiag_states
                            : ((const struct inet_diag_req_v2 *)mnl_nlmsg_get_payload(header))->idiag_states;
        if (stage->asked < stage->script->count)
            give(stage, stage->script->answer[stage->asked], header->nlmsg_seq);
        stage->asked++;
    }
    return NULL;
}

/* A restart forgets what was counted, and says that it happened. */
static void restart(void *context) {
    struct tally *tally = context;
    unsigned int restarts = tally->state[0];

    *tally = (struct tally){0};
    tally->state[0] = restarts + 1;
}

static void run_script(const struct script *script) {
    struct stage stage = {.script = script};
    struct tally tally = {0};
    pthread_t thread;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    stage.fd = ends[1];
    struct sock_diag *diag = sock_diag_attach(ends[0]);
    assert_non_null(diag);
    assert_int_equal(pthread_create(&thread, NULL, play_kernel, &stage), 0);
    int result = sock_diag_dump(diag, WALK | 1U << 13 | 1U, count, restart, &tally);
    sock_diag_close(diag);
    pthread_join(thread, NULL);
    close(ends[1]);
    check_row(script->name, result, script->result);
    check_row(script->name, tally.total, script->total);
    check_row(script->name, tally.state[0], script->restarts);
    check_row(script->name, stage.asked, script->count);
    check_row(script->name, stage.type, script->type);
    if (result == 0)
        check_row(script->name, stage.states, WALK); /* bits 0 and 13 are left out */
}

static void test_dump_loop(void **state) {
    static const struct script rows[] = {
        {"one pass", {ANSWER_EMPTY, ANSWER_GOOD}, 2, 0, 3, 0, TCPDIAG_GETSOCK},
        {"no sockets", {ANSWER_EMPTY, ANSWER_EMPTY}, 2, 0, 0, 0, TCPDIAG_GETSOCK},
        {"per family",
         {ANSWER_EOPNOTSUPP, ANSWER_EMPTY, ANSWER_EMPTY, ANSWER_GOOD, ANSWER_GOOD},
         5,
         0,
         6,
         0,
         SOCK_DIAG_BY_FAMILY},
        {"neither is answered", {ANSWER_EOPNOTSUPP, ANSWER_ENOENT}, 2, -ENOENT, 0, 0, SOCK_DIAG_BY_FAMILY},
        {"interrupted once", {ANSWER_EMPTY, ANSWER_INTERRUPTED, ANSWER_GOOD}, 3, 0, 3, 1, TCPDIAG_GETSOCK},
        {"interrupted at the end",
         {ANSWER_EMPTY, ANSWER_INTERRUPTED_2, ANSWER_GOOD},
         3,
         0,
         3,
         1,
         TCPDIAG_GETSOCK},
        {"interrupted twice",
         {ANSWER_EMPTY, ANSWER_INTERRUPTED, ANSWER_INTERRUPTED_2, ANSWER_GOOD},
         4,
         0,
         3,
         2,
         TCPDIAG_GETSOCK},
        {"interrupted three times",
         {ANSWER_EMPTY, ANSWER_INTERRUPTED, ANSWER_INTERRUPTED, ANSWER_INTERRUPTED},
         4,
         -EAGAIN,
         2,
         2,
         TCPDIAG_GETSOCK},
        {"interrupted in the second family",
         {ANSWER_EOPNOTSUPP, ANSWER_EMPTY, ANSWER_EMPTY, ANSWER_GOOD, ANSWER_INTERRUPTED, ANSWER_GOOD,
          ANSWER_GOOD},
         7,
         0,
         6,
         1,
         SOCK_DIAG_BY_FAMILY},
        {"detection interrupted", {ANSWER_INTERRUPTED, ANSWER_GOOD}, 2, 0, 3, 0, TCPDIAG_GETSOCK},
        {"an older dump's tail", {ANSWER_EMPTY, ANSWER_STALE_FIRST}, 2, 0, 3, 0, TCPDIAG_GETSOCK},
        {"another socket's answer", {ANSWER_EMPTY, ANSWER_FOREIGN_FIRST}, 2, 0, 3, 0, TCPDIAG_GETSOCK},
        {"malformed", {ANSWER_EMPTY, ANSWER_MALFORMED}, 2, -EBADMSG, 0, 0, TCPDIAG_GETSOCK},
        {"refused", {ANSWER_EMPTY, ANSWER_ENOENT}, 2, -ENOENT, 0, 0, TCPDIAG_GETSOCK},
        {"busy", {ANSWER_EMPTY, ANSWER_EBUSY}, 2, -EBUSY, 0, 0, TCPDIAG_GETSOCK},
        {"error at the end", {ANSWER_EMPTY, ANSWER_DONE_ENOMEM}, 2, -ENOMEM, 1, 0, TCPDIAG_GETSOCK},
        {"silence", {ANSWER_EMPTY, ANSWER_SILENCE}, 2, -ETIMEDOUT, 0, 0, TCPDIAG_GETSOCK},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        run_script(&rows[i]);
}

/* Each failure is followed by a good dump on the same handle: nothing of the failed one is left in the way.
 */
static void test_recovery(void **state) {
    static const struct script rows[] = {
        {.name = "after interruptions",
         .answer = {ANSWER_EMPTY, ANSWER_INTERRUPTED, ANSWER_INTERRUPTED, ANSWER_INTERRUPTED, ANSWER_GOOD},
         .count = 5,
         .result = -EAGAIN},
        {.name = "after rubbish",
         .answer = {ANSWER_EMPTY, ANSWER_MALFORMED, ANSWER_GOOD},
         .count = 3,
         .result = -EBADMSG},
        {.name = "after an error at the end",
         .answer = {ANSWER_EMPTY, ANSWER_DONE_ENOMEM, ANSWER_GOOD},
         .count = 3,
         .result = -ENOMEM},
        {.name = "after a refusal it is detected anew",
         .answer = {ANSWER_EMPTY, ANSWER_ENOENT, ANSWER_EMPTY, ANSWER_GOOD},
         .count = 4,
         .result = -ENOENT},
        {.name = "the module comes later",
         .answer = {ANSWER_ENOENT, ANSWER_ENOENT, ANSWER_EMPTY, ANSWER_GOOD},
         .count = 4,
         .result = -ENOENT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct stage stage = {.script = &rows[i]};
        struct tally tally = {0};
        pthread_t thread;
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        stage.fd = ends[1];
        struct sock_diag *diag = sock_diag_attach(ends[0]);
        assert_int_equal(pthread_create(&thread, NULL, play_kernel, &stage), 0);
        check_row(rows[i].name, sock_diag_dump(diag, WALK, count, restart, &tally), rows[i].result);
        tally = (struct tally){0};
        check_row(rows[i].name, sock_diag_dump(diag, WALK, count, restart, &tally), 0);
        check_row(rows[i].name, tally.total, 3);
        check_row(rows[i].name, sock_diag_one_pass(diag), true);
        sock_diag_close(diag);
        pthread_join(thread, NULL);
        close(ends[1]);
    }
}

/* A socket that the kernel holds busy for good is replaced by a fresh one. */
static void test_busy_is_replaced(void **state) {
    static const struct script script = {.answer = {ANSWER_EMPTY, ANSWER_EBUSY}, .count = 2};
    struct stage stage = {.script = &script};
    struct tally tally = {0};
    pthread_t thread;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    stage.fd = ends[1];
    struct sock_diag *diag = sock_diag_attach(ends[0]);
    assert_int_equal(pthread_create(&thread, NULL, play_kernel, &stage), 0);
    assert_int_equal(sock_diag_dump(diag, WALK, count, NULL, &tally), -EBUSY);
    pthread_join(thread, NULL); /* its end of the old socket is closed */
    close(ends[1]);
    assert_int_equal(sock_diag_dump(diag, 1U << STATE_LISTEN, count, NULL, &tally), 0);
    sock_diag_close(diag);
}

/* The real kernel, which any user may ask. */
static void test_real_kernel(void **state) {
    struct tally tally = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 5), 0);
    struct sock_diag *diag = sock_diag_open();
    assert_non_null(diag);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sock_diag_dump(diag, 1U << STATE_LISTEN, count, restart, &tally), 0);
    assert_true(tally.total >= 3);
    assert_int_equal(tally.total, tally.state[STATE_LISTEN]);
    assert_null(sock_diag_close(diag));
    close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recordings),       cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_every_length),     cmocka_unit_test(test_control_messages),
        cmocka_unit_test(test_classes),          cmocka_unit_test(test_fields),
        cmocka_unit_test(test_passed_over),      cmocka_unit_test(test_mixed_datagrams),
        cmocka_unit_test(test_dump_loop),        cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_busy_is_replaced), cmocka_unit_test(test_real_kernel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
