/* SPDX-License-Identifier: MIT */
#include "socket_list.h"

#include "case.h"
#include "socket_view.h"
#include "util.h"

static void set_endpoint(struct endpoint *endpoint, const char *text) {
    if (endpoint_parse(text, endpoint) < 0)
        fail_msg("%s", text);
}

/* Each row stands before the next one. */
static void test_order(void **state) {
    static const struct {
        enum tcp_state state;
        bool outgoing;
        uint16_t service_port;
        uint64_t age_msec;
        const char *local, *remote;
    } rows[] = {
        {STATE_LISTEN, false, 80, 0, "10.0.0.1:80", ""},
        {STATE_LISTEN, false, 443, 0, "10.0.0.1:443", ""},
        {STATE_SYN_SENT, true, 1, 0, "10.0.0.1:9", "10.0.0.2:1"},
        {STATE_SYN_RECV, false, 80, 0, "10.0.0.1:80", "10.0.0.2:1"},
        {STATE_FIN_WAIT_1, false, 80, 0, "10.0.0.1:80", "10.0.0.2:1"},
        {STATE_FIN_WAIT_2, false, 80, 0, "10.0.0.1:80", "10.0.0.2:1"},
        {STATE_CLOSE_WAIT, false, 80, 9000, "10.0.0.1:80", "10.0.0.2:1"},
        {STATE_CLOSE_WAIT, false, 80, 8000, "10.0.0.1:80", "10.0.0.2:1"},
        {STATE_CLOSE_WAIT, false, 80, 8000, "10.0.0.1:80", "10.0.0.2:2"},
        {STATE_CLOSE_WAIT, false, 80, 8000, "10.0.0.2:80", "10.0.0.2:1"},
        {STATE_CLOSE_WAIT, false, 90, 9000, "10.0.0.1:90", "10.0.0.2:1"},
        {STATE_CLOSE_WAIT, true, 22, 9999, "10.0.0.1:9", "10.0.0.2:22"},
        {STATE_CLOSING, false, 80, 0, "10.0.0.1:80", "10.0.0.2:1"},
        {STATE_LAST_ACK, false, 80, 0, "10.0.0.1:80", "10.0.0.2:1"},
        {STATE_ESTABLISHED, false, 80, 0, "10.0.0.1:80", "10.0.0.2:1"},
        {STATE_TIME_WAIT, false, 80, 0, "10.0.0.1:80", "10.0.0.2:1"},
    };
    struct listed_socket listed[ARRAY_SIZE(rows)] = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        listed[i].socket.state = rows[i].state;
        listed[i].outgoing = rows[i].outgoing;
        listed[i].service_port = rows[i].service_port;
        listed[i].age.msec = rows[i].age_msec;
        set_endpoint(&listed[i].socket.local, rows[i].local);
        set_endpoint(&listed[i].socket.remote, rows[i].remote);
    }
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
            int wanted = i < j ? -1 : i > j, got = socket_list_compare(&listed[i], &listed[j]);
            if ((got > 0) - (got < 0) != wanted)
                fail_msg("rows %zu and %zu: %d", i, j, got);
        }
}

static void test_endpoint(void **state) {
    static const struct {
        const char *endpoint;
        size_t most;
        const char *text;
    } rows[] = {
        {"192.0.2.1:443", 13, "192.0.2.1:443"},
        {"192.0.2.1:443", 12, "192.0.2\xE2\x80\xA6:443"},
        {"203.0.113.254:65535", 9, "20\xE2\x80\xA6:65535"},
        {"[2001:db8:1:2:3:4:5:6]:443", 21, "[2001:db8:1:2:3:\xE2\x80\xA6:443"},
        {"192.0.2.1", 8, "192.0.2\xE2\x80\xA6"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[ENDPOINT_TEXT_SIZE];
        struct endpoint endpoint = {0};
        set_endpoint(&endpoint, rows[i].endpoint);
        socket_view_endpoint(&endpoint, rows[i].most, text);
        if (strcmp(text, rows[i].text) != 0)
            fail_msg("%s in %zu: \"%s\", not \"%s\"", rows[i].endpoint, rows[i].most, text, rows[i].text);
        assert_true(page_columns(text, strlen(text)) <= rows[i].most);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_endpoint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
