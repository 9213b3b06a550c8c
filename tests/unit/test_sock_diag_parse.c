/* SPDX-License-Identifier: MIT */
/* The parser against recorded and hand-made answers. */
#include "diag_case.h"
#include "fixture.h"

#include <errno.h>
#include <linux/tcp.h>
#include <stdlib.h>

static _Alignas(struct nlmsghdr) char recording[65536];
static _Alignas(struct nlmsghdr) char buffer[4096];

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
        check_row(rows[i].name, tally.last.silent_msec, UINT32_MAX); /* not asked for */
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
        {"half-open of a user's listener, before 4.4", STATE_SYN_RECV, 1, 0, 1000, 0, 0, true, false},
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

/* An ESTABLISHED socket with an attribute before its tcp_info, of which @size bytes are there. */
static struct nlmsghdr *put_info(uint16_t type, size_t size, uint32_t data_msec, uint32_t ack_msec) {
    struct tcp_info info = {.tcpi_last_data_recv = data_msec, .tcpi_last_ack_recv = ack_msec};
    struct {
        struct inet_diag_msg message;
        struct nlattr shutdown;
        uint8_t value[4];
        struct nlattr attribute;
        char info[512];
    } body = {
        .message = message_of(AF_INET, STATE_ESTABLISHED),
        .shutdown = {.nla_len = sizeof(struct nlattr) + 1, .nla_type = INET_DIAG_SHUTDOWN},
        .attribute = {.nla_len = (uint16_t)(sizeof(struct nlattr) + size), .nla_type = type},
    };

    memcpy(body.info, &info, size < sizeof info ? size : sizeof info);
    return put((struct nlmsghdr *)buffer, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, &body,
               sizeof body - sizeof body.info + size);
}

#define THROUGH_LAST_ACK (offsetof(struct tcp_info, tcpi_last_ack_recv) + 4)

static void test_silence(void **state) {
    static const struct {
        const char *name;
        uint16_t type;
        size_t size;
        uint32_t data_msec, ack_msec, silent_msec;
    } rows[] = {
        {"data came later", INET_DIAG_INFO, sizeof(struct tcp_info), 500, 70000, 500},
        {"an ACK came later", INET_DIAG_INFO, sizeof(struct tcp_info), 70000, 400, 400},
        {"silent", INET_DIAG_INFO, sizeof(struct tcp_info), 90000, 80000, 80000},
        {"a newer kernel's", INET_DIAG_INFO, 512, 90000, 80000, 80000},
        {"an older kernel's", INET_DIAG_INFO, THROUGH_LAST_ACK, 90000, 80000, 80000},
        {"too short", INET_DIAG_INFO, THROUGH_LAST_ACK - 1, 0, 0, UINT32_MAX},
        {"much too short", INET_DIAG_INFO, 0, 0, 0, UINT32_MAX},
        {"another attribute", INET_DIAG_VEGASINFO, sizeof(struct tcp_info), 5, 5, UINT32_MAX},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct tally tally = {0};
        struct nlmsghdr *end = put_info(rows[i].type, rows[i].size, rows[i].data_msec, rows[i].ack_msec);
        check_row(rows[i].name, parse_from(end, &tally), 1);
        check_row(rows[i].name, tally.last.silent_msec, rows[i].silent_msec);
    }
}

/* The attribute cut at every byte, and its length replaced by every value: the socket stands, and nothing is
   read beyond the datagram, which has memory of exactly its size. */
static void test_silence_damaged(void **state) {
    const size_t fixed = sizeof(struct nlmsghdr) + sizeof(struct inet_diag_msg), at = fixed + 8;
    const size_t whole = at + sizeof(struct nlattr) + THROUGH_LAST_ACK;

    (void)state;
    for (size_t i = 0; i <= whole - fixed + UINT16_MAX; i++) {
        size_t length = i <= whole - fixed ? fixed + i : whole;
        uint16_t claimed = (uint16_t)(i - (whole - fixed));
        uint32_t total = (uint32_t)length;
        struct tally tally = {0};
        if (i > whole - fixed + 200 && i < UINT16_MAX)
            continue;
        put_info(INET_DIAG_INFO, THROUGH_LAST_ACK, 90000, 80000);
        memcpy(buffer, &total, sizeof total);
        if (i > whole - fixed)
            memcpy(buffer + at, &claimed, sizeof claimed);
        CLEANUP_FREE char *copy = malloc(length);
        assert_non_null(copy);
        memcpy(copy, buffer, length);
        check_row("result", sock_diag_parse(copy, length, SEQUENCE, count, &tally), 1);
        check_row("sockets", tally.total, 1);
        bool sound = length == whole && (i <= whole - fixed || claimed == whole - at);
        check_row("silence", tally.last.silent_msec, sound ? 80000 : UINT32_MAX);
    }
}

/* A listener with a cgroup attribute of @size bytes between two others; the last one may have tcp_info. */
static void test_cgroup(void **state) {
    static const struct {
        const char *name;
        uint16_t first_length, type, size;
        uint64_t cgroup;
        uint32_t silent_msec;
    } rows[] = {
        {"told", 5, 21, 8, 0x100000042, 80000},
        {"with the nested flag", 5, 21 | NLA_F_NESTED, 8, 0x100000042, 80000},
        {"longer", 5, 21, 12, 0x100000042, 80000},
        {"too short", 5, 21, 7, 0, 80000},
        {"empty", 5, 21, 0, 0, 80000},
        {"another attribute", 5, 22, 8, 0, 80000},
        {"after one that is malformed", 3, 21, 8, 0, UINT32_MAX},
        {"after one beyond the end", 1000, 21, 8, 0, UINT32_MAX},
        {"itself beyond the end", 5, 21, 996, 0, UINT32_MAX},
    };
    const uint64_t id = 0x100000042;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct inet_diag_msg message = message_of(AF_INET, STATE_LISTEN);
        struct tcp_info info = {.tcpi_last_data_recv = 90000, .tcpi_last_ack_recv = 80000};
        struct nlattr shutdown = {rows[i].first_length, INET_DIAG_SHUTDOWN};
        struct nlattr cgroup = {(uint16_t)(sizeof cgroup + rows[i].size), rows[i].type};
        struct nlattr last = {sizeof last + sizeof info, INET_DIAG_INFO};
        char body[1024] = {0};
        size_t at = sizeof message + sizeof shutdown + 4, padded = (rows[i].size + 3U) & ~3U;
        memcpy(body, &message, sizeof message);
        memcpy(body + sizeof message, &shutdown, sizeof shutdown);
        memcpy(body + at, &cgroup, sizeof cgroup);
        memcpy(body + at + sizeof cgroup, &id, sizeof id);
        at += sizeof cgroup + (padded < 100 ? padded : 8);
        memcpy(body + at, &last, sizeof last);
        memcpy(body + at + sizeof last, &info, sizeof info);
        at += sizeof last + sizeof info;
        struct tally tally = {0};
        struct nlmsghdr *end = put((struct nlmsghdr *)buffer, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, body, at);
        check_row(rows[i].name, parse_from(end, &tally), 1);
        check_row(rows[i].name, tally.last.cgroup, rows[i].cgroup);
        check_row(rows[i].name, tally.last.silent_msec, rows[i].silent_msec);
    }
}

/* Cut at every byte, in memory of exactly that size: the whole id or none of it. */
static void test_cgroup_cut(void **state) {
    const size_t fixed = sizeof(struct nlmsghdr) + sizeof(struct inet_diag_msg);
    struct {
        struct inet_diag_msg message;
        struct nlattr attribute;
        char id[8];
    } body = {message_of(AF_INET, STATE_CLOSE_WAIT), {12, 21}, {1, 2, 3, 4, 5, 6, 7, 8}};

    (void)state;
    put((struct nlmsghdr *)buffer, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, &body, sizeof body);
    for (uint32_t length = (uint32_t)fixed; length <= fixed + 12; length++) {
        struct tally tally = {0};
        CLEANUP_FREE char *copy = malloc(length);
        assert_non_null(copy);
        memcpy(copy, buffer, length);
        memcpy(copy, &length, sizeof length);
        check_row("result", sock_diag_parse(copy, length, SEQUENCE, count, &tally), 1);
        check_row("sockets", tally.total, 1);
        check_row("all or none", tally.last.cgroup != 0, length == fixed + 12);
    }
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recordings),   cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_every_length), cmocka_unit_test(test_control_messages),
        cmocka_unit_test(test_classes),      cmocka_unit_test(test_fields),
        cmocka_unit_test(test_passed_over),  cmocka_unit_test(test_mixed_datagrams),
        cmocka_unit_test(test_silence),      cmocka_unit_test(test_silence_damaged),
        cmocka_unit_test(test_cgroup),       cmocka_unit_test(test_cgroup_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
