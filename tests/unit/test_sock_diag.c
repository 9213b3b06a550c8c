/* SPDX-License-Identifier: MIT */
/* The dump loop against a played kernel, and once against the real one. */
#include "diag_case.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

#define WALK                                                                                                 \
    (1U << STATE_SYN_SENT | 1U << STATE_SYN_RECV | 1U << STATE_FIN_WAIT_1 | 1U << STATE_FIN_WAIT_2 |         \
     1U << STATE_CLOSE_WAIT | 1U << STATE_LAST_ACK | 1U << STATE_CLOSING)

static const struct diag_request walk_request = {.state_mask = WALK};
static const struct diag_request listen_request = {.state_mask = 1U << STATE_LISTEN};

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

/* The played kernel: @fd is its end of the socket pair, @client the other. */
struct stage {
    int fd, client;
    const struct script *script;
    size_t asked;
    uint16_t type;
    uint32_t states;
    uint8_t extensions;
    size_t attribute_bytes;
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

/* The kernel begins no dump while the last one has not been read to its end (af_netlink.c
   __netlink_dump_start). */
static bool has_unread_answers(int fd) {
    int bytes = 0;

    return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

static void answer_request(struct stage *stage, const void *request) {
    const struct nlmsghdr *header = request;

    stage->type = header->nlmsg_type;
    stage->states = header->nlmsg_type == TCPDIAG_GETSOCK
                        ? ((const struct inet_diag_req *)mnl_nlmsg_get_payload(header))->idiag_states
                        : ((const struct inet_diag_req_v2 *)mnl_nlmsg_get_payload(header))->idiag_states;
    stage->extensions = header->nlmsg_type == TCPDIAG_GETSOCK
                            ? ((const struct inet_diag_req *)mnl_nlmsg_get_payload(header))->idiag_ext
                            : ((const struct inet_diag_req_v2 *)mnl_nlmsg_get_payload(header))->idiag_ext;
    stage->attribute_bytes = mnl_nlmsg_get_payload_len(header) - (header->nlmsg_type == TCPDIAG_GETSOCK
                                                                      ? sizeof(struct inet_diag_req)
                                                                      : sizeof(struct inet_diag_req_v2));
    if (has_unread_answers(stage->fd))
        refuse(stage, header->nlmsg_seq, -EBUSY);
    else if (stage->asked < stage->script->count)
        give(stage, stage->script->answer[stage->asked], header->nlmsg_seq);
    stage->asked++;
}

static struct stage *playing;

/* In place of libc's: as with the real kernel, the answers are there when send() returns. */
ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    if (!playing || fd != playing->client)
        return sendto(fd, bytes, length, flags, NULL, 0);
    answer_request(playing, bytes);
    return (ssize_t)length;
}

static struct sock_diag *begin_play(struct stage *stage, const struct script *script) {
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    *stage = (struct stage){.fd = ends[0], .client = ends[1], .script = script};
    playing = stage;
    struct sock_diag *diag = sock_diag_attach(ends[1]);
    assert_non_null(diag);
    return diag;
}

static void end_play(struct stage *stage, struct sock_diag *diag) {
    sock_diag_close(diag);
    close(stage->fd);
    playing = NULL;
}

/* A restart forgets what was counted, and says that it happened. */
static void restart(void *context) {
    struct tally *tally = context;
    unsigned int restarts = tally->state[0];

    *tally = (struct tally){0};
    tally->state[0] = restarts + 1;
}

static void run_script(const struct script *script) {
    const struct diag_request request = {.state_mask = WALK | 1U << 13 | 1U};
    struct stage stage;
    struct tally tally = {0};
    struct sock_diag *diag = begin_play(&stage, script);

    int result = sock_diag_dump(diag, &request, count, restart, &tally);
    end_play(&stage, diag);
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

/* No more sockets than asked for; 1 unless these were all for certain. */
static void test_most(void **state) {
    static const struct {
        struct script script; /* with the result and the total wanted */
        uint32_t most;
        bool with_info; /* and a filter */
    } rows[] = {
        {{"one of three", {ANSWER_EMPTY, ANSWER_GOOD}, 2, 1, 1, 0, TCPDIAG_GETSOCK}, 1, false},
        {{"two of three", {ANSWER_EMPTY, ANSWER_GOOD}, 2, 1, 2, 0, TCPDIAG_GETSOCK}, 2, true},
        {{"three of three", {ANSWER_EMPTY, ANSWER_GOOD}, 2, 0, 3, 0, TCPDIAG_GETSOCK}, 3, true},
        {{"more than there are", {ANSWER_EMPTY, ANSWER_GOOD}, 2, 0, 3, 0, TCPDIAG_GETSOCK}, 4, false},
        {{"none there", {ANSWER_EMPTY, ANSWER_EMPTY}, 2, 0, 0, 0, TCPDIAG_GETSOCK}, 4, false},
        {{"begun anew", {ANSWER_EMPTY, ANSWER_INTERRUPTED_2, ANSWER_GOOD}, 3, 0, 3, 1, TCPDIAG_GETSOCK},
         3,
         false},
        {{"an error", {ANSWER_EMPTY, ANSWER_DONE_ENOMEM}, 2, -ENOMEM, 1, 0, TCPDIAG_GETSOCK}, 2, false},
        {{"over both families",
          {ANSWER_EOPNOTSUPP, ANSWER_EMPTY, ANSWER_EMPTY, ANSWER_GOOD, ANSWER_GOOD},
          5,
          1,
          5,
          0,
          SOCK_DIAG_BY_FAMILY},
         5,
         true},
        {{"enough in the first family",
          {ANSWER_EOPNOTSUPP, ANSWER_EMPTY, ANSWER_EMPTY, ANSWER_GOOD},
          4,
          1,
          2,
          0,
          SOCK_DIAG_BY_FAMILY},
         2,
         false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct script *script = &rows[i].script;
        const struct diag_request request = {
            .state_mask = WALK,
            .with_info = rows[i].with_info,
            .most = rows[i].most,
            .slices.width = rows[i].with_info ? 2 : 0,
        };
        struct stage stage;
        struct tally tally = {0};
        struct sock_diag *diag = begin_play(&stage, script);
        check_row(script->name, sock_diag_dump(diag, &request, count, restart, &tally), script->result);
        end_play(&stage, diag);
        check_row(script->name, tally.total, script->total);
        check_row(script->name, tally.state[0], script->restarts);
        check_row(script->name, stage.asked, script->count);
        check_row(script->name, stage.type, script->type);
        check_row(script->name, stage.extensions, rows[i].with_info ? 1 << (INET_DIAG_INFO - 1) : 0);
        check_row(script->name, stage.attribute_bytes,
                  rows[i].with_info ? sizeof(struct nlattr) + PORT_SLICES_OPS * sizeof(struct inet_diag_bc_op)
                                    : 0);
    }
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
        struct stage stage;
        struct tally tally = {0};
        struct sock_diag *diag = begin_play(&stage, &rows[i]);
        check_row(rows[i].name, sock_diag_dump(diag, &walk_request, count, restart, &tally), rows[i].result);
        tally = (struct tally){0};
        check_row(rows[i].name, sock_diag_dump(diag, &walk_request, count, restart, &tally), 0);
        check_row(rows[i].name, tally.total, 3);
        check_row(rows[i].name, sock_diag_one_pass(diag), true);
        end_play(&stage, diag);
    }
}

/* A socket that the kernel holds busy for good is replaced by a fresh one. */
static void test_busy_is_replaced(void **state) {
    static const struct script script = {.answer = {ANSWER_EMPTY, ANSWER_EBUSY}, .count = 2};
    struct stage stage;
    struct tally tally = {0};
    struct sock_diag *diag = begin_play(&stage, &script);

    (void)state;
    assert_int_equal(sock_diag_dump(diag, &walk_request, count, NULL, &tally), -EBUSY);
    playing = NULL; /* from here on the real kernel is asked */
    assert_int_equal(sock_diag_dump(diag, &listen_request, count, NULL, &tally), 0);
    end_play(&stage, diag);
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
        assert_int_equal(sock_diag_dump(diag, &listen_request, count, restart, &tally), 0);
    assert_true(tally.total >= 3);
    assert_int_equal(tally.total, tally.state[STATE_LISTEN]);
    assert_null(sock_diag_close(diag));
    close(listener);
}

static int next_descriptor(void) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    close(fd);
    return fd;
}

/* More than asked for, on a socket that goes with them: the next dump finds nothing left over. */
static void test_apart(void **state) {
    int listener[3];
    struct tally tally = {0};
    struct diag_request few = {.state_mask = 1U << STATE_LISTEN, .most = 1};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(listener); i++) {
        listener[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(listen(listener[i], 5), 0);
    }
    struct sock_diag *diag = sock_diag_open();
    assert_non_null(diag);
    int fd = next_descriptor();
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(sock_diag_dump_apart(diag, &few, count, NULL, &tally), 1);
        assert_int_equal(tally.total, i);
    }
    assert_int_equal(next_descriptor(), fd);
    tally = (struct tally){0};
    assert_int_equal(sock_diag_dump(diag, &listen_request, count, restart, &tally), 0);
    assert_true(tally.total >= 3);
    sock_diag_close(diag);
    for (size_t i = 0; i < ARRAY_SIZE(listener); i++)
        close(listener[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dump_loop),   cmocka_unit_test(test_most),
        cmocka_unit_test(test_recovery),    cmocka_unit_test(test_busy_is_replaced),
        cmocka_unit_test(test_real_kernel), cmocka_unit_test(test_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
