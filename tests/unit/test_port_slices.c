/* SPDX-License-Identifier: MIT */
#include "netns_case.h"

#include "port_slices.h"
#include "sock_diag.h"
#include "util.h"

static void test_have(void **state) {
    static const struct {
        const char *name;
        struct port_slices slices;
        uint16_t port;
        bool have;
    } rows[] = {
        {"no slices: every port", {0, 0}, 80, true},
        {"below all", {0, 100}, 8191, false},
        {"first", {0, 100}, 8192, true},
        {"last of it", {0, 100}, 8291, true},
        {"behind it", {0, 100}, 8292, false},
        {"the next slice", {0, 100}, 12288, true},
        {"before the offset", {50, 100}, 8241, false},
        {"at the offset", {50, 100}, 8242, true},
        {"before the next", {50, 100}, 12337, false},
        {"the highest slice", {4094, 2}, 65535, true},
        {"one below", {4095, 1}, 65534, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_row(rows[i].name, port_slices_have(&rows[i].slices, rows[i].port), rows[i].have);
}

/* As inet_diag.c inet_diag_bc_run() reads it. */
static bool run(const struct inet_diag_bc_op *op, uint16_t local, uint16_t remote) {
    long left = PORT_SLICES_OPS * (long)sizeof *op;

    while (left > 0) {
        bool yes = false;
        switch (op->code) {
        case INET_DIAG_BC_S_GE:
            yes = local >= op[1].no;
            break;
        case INET_DIAG_BC_S_LE:
            yes = local <= op[1].no;
            break;
        case INET_DIAG_BC_D_GE:
            yes = remote >= op[1].no;
            break;
        case INET_DIAG_BC_D_LE:
            yes = remote <= op[1].no;
            break;
        case INET_DIAG_BC_JMP:
            break;
        default:
            fail_msg("operation %u", op->code);
        }
        unsigned int step = yes ? op->yes : op->no;
        left -= step;
        op += step / sizeof *op;
    }
    return left == 0;
}

/* Every port, on either side, against port_slices_have(). */
static void test_filter(void **state) {
    static const struct port_slices rows[] = {{0, 2}, {0, 4096}, {4094, 2}, {1000, 1234}, {4095, 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct inet_diag_bc_op ops[PORT_SLICES_OPS];
        port_slices_filter(&rows[i], ops);
        for (uint32_t port = 0; port < 65536; port++) {
            bool wanted = port_slices_have(&rows[i], (uint16_t)port);
            if (run(ops, (uint16_t)port, 443) != wanted || run(ops, 443, (uint16_t)port) != wanted)
                fail_msg("slices %u of width %u: port %u", rows[i].offset, rows[i].width, port);
        }
    }
}

/* What a dump of ESTABLISHED told. */
struct seen {
    struct port_slices slices;
    unsigned int all, chosen, inbound;
};

static void look(const struct diag_socket *socket, void *context) {
    struct seen *seen = context;
    bool inbound = socket->local.port == 8001;

    seen->all++;
    if (!port_slices_have(&seen->slices, inbound ? socket->remote.port : socket->local.port))
        return;
    seen->chosen++;
    seen->inbound += inbound;
}

/* The real kernel takes the filter and leaves out the same sockets: of each connection both ends or none. */
static void test_real_kernel(void **state) {
    static const struct port_slices rows[] = {{0, 4096}, {0, 2048}, {2048, 2048}, {96, 64}, {500, 2}};

    (void)state;
    need_root();
    struct service service = serve(8001, 16);
    connect_some(&service, 8001, 120);
    struct sock_diag *diag = sock_diag_open();
    assert_non_null(diag);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct diag_request request = {.state_mask = 1U << STATE_ESTABLISHED};
        struct seen every = {.slices = rows[i]}, some = {.slices = rows[i]};
        assert_int_equal(sock_diag_dump(diag, &request, look, NULL, &every), 0);
        request.slices = rows[i];
        assert_int_equal(sock_diag_dump(diag, &request, look, NULL, &some), 0);
        check_row("all", every.all, 240);
        check_row("filtered", some.all, every.chosen);
        check_row("chosen", some.chosen, every.chosen);
        check_row("fair", 2 * some.inbound, some.chosen);
    }
    sock_diag_close(diag);
    end(&service);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_have),
        cmocka_unit_test(test_filter),
        cmocka_unit_test_setup(test_real_kernel, netns_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
