/* SPDX-License-Identifier: MIT */
#include "socket_age.h"

#include "case.h"
#include "util.h"

enum { RETRANSMIT = 1, KEEPALIVE = 2, WAITING = 3, ZERO_WINDOW = 4 };

#define UNTOLD UINT32_MAX

static const struct {
    const char *name;
    struct diag_socket socket;
    unsigned int linear;
    const char *text;
    uint64_t msec;
} age_row[] = {
    {"listener", {.state = STATE_LISTEN, .silent_msec = 5000}, 0, "", 0},
    {"TIME-WAIT, new",
     {.state = STATE_TIME_WAIT, .minisocket = true, .timer = WAITING, .expires_msec = 60000},
     0,
     "0s",
     0},
    {"TIME-WAIT, 12 s",
     {.state = STATE_TIME_WAIT, .minisocket = true, .timer = WAITING, .expires_msec = 47500},
     0,
     "12s",
     12500},
    {"TIME-WAIT of a kernel with a longer one",
     {.state = STATE_TIME_WAIT, .minisocket = true, .timer = WAITING, .expires_msec = 60001},
     0,
     "",
     0},
    {"CLOSE-WAIT", {.state = STATE_CLOSE_WAIT, .silent_msec = 12345}, 0, ">=12s", 12345},
    {"CLOSE-WAIT, not told", {.state = STATE_CLOSE_WAIT, .silent_msec = UNTOLD}, 0, "", 0},
    {"ESTABLISHED", {.state = STATE_ESTABLISHED, .silent_msec = 7500000}, 0, "silent:2h5min", 7500000},
    {"ESTABLISHED, not told", {.state = STATE_ESTABLISHED, .silent_msec = UNTOLD}, 0, "", 0},
    {"FIN-WAIT-1", {.state = STATE_FIN_WAIT_1, .silent_msec = 999}, 0, "silent:0s", 999},
    {"FIN-WAIT-2", {.state = STATE_FIN_WAIT_2, .silent_msec = 60000}, 0, "silent:1min", 60000},
    {"FIN-WAIT-2 minisocket",
     {.state = STATE_FIN_WAIT_2, .minisocket = true, .timer = WAITING, .silent_msec = UNTOLD},
     0,
     "",
     0},
    {"LAST-ACK", {.state = STATE_LAST_ACK, .silent_msec = 1000}, 0, "silent:1s", 1000},
    {"CLOSING", {.state = STATE_CLOSING, .silent_msec = 1000}, 0, "silent:1s", 1000},
    {"half-open, new",
     {.state = STATE_SYN_RECV, .request = true, .timer = RETRANSMIT, .expires_msec = 700},
     0,
     "~0s",
     300},
    {"half-open, SYN-ACK sent again once",
     {.state = STATE_SYN_RECV, .request = true, .timer = RETRANSMIT, .retransmits = 1, .expires_msec = 500},
     0,
     "~2s",
     2500},
    {"half-open, five times",
     {.state = STATE_SYN_RECV, .request = true, .timer = RETRANSMIT, .retransmits = 5, .expires_msec = 1000},
     0,
     "~1min2s",
     62000},
    {"half-open does not start slowly",
     {.state = STATE_SYN_RECV, .request = true, .timer = RETRANSMIT, .retransmits = 2, .expires_msec = 4000},
     4,
     "~3s",
     3000},
    {"half-open that waits for data (TCP_DEFER_ACCEPT): its timer went on without a resend",
     {.state = STATE_SYN_RECV, .request = true, .timer = RETRANSMIT, .expires_msec = 1001},
     0,
     "",
     0},
    {"simultaneous open", {.state = STATE_SYN_RECV, .timer = RETRANSMIT, .silent_msec = 9}, 0, "", 0},
    {"SYN-SENT, doubling",
     {.state = STATE_SYN_SENT, .timer = RETRANSMIT, .retransmits = 3, .expires_msec = 1000},
     0,
     "~14s",
     14000},
    {"SYN-SENT, linear at first",
     {.state = STATE_SYN_SENT, .timer = RETRANSMIT, .retransmits = 3, .expires_msec = 1000},
     4,
     "~3s",
     3000},
    {"SYN-SENT, beyond the linear ones",
     {.state = STATE_SYN_SENT, .timer = RETRANSMIT, .retransmits = 6, .expires_msec = 4000},
     4,
     "~7s",
     7000},
    {"SYN-SENT, waits of 120 s",
     {.state = STATE_SYN_SENT, .timer = RETRANSMIT, .retransmits = 9, .expires_msec = 120000},
     0,
     "~6min7s",
     367000},
    {"SYN-SENT without a timer", {.state = STATE_SYN_SENT, .silent_msec = 5}, 0, "", 0},
};

static void test_age(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(age_row); i++) {
        char text[SOCKET_AGE_TEXT_SIZE] = "";
        struct socket_age age = socket_age(&age_row[i].socket, age_row[i].linear);
        check_row(age_row[i].name, age.msec, age_row[i].msec);
        socket_age_format(age, text);
        if (strcmp(text, age_row[i].text) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", age_row[i].name, text, age_row[i].text);
        assert_int_equal(socket_age_kind_name(age.kind) == NULL, text[0] == '\0');
    }
}

static void test_spans(void **state) {
    static const struct {
        uint64_t msec;
        const char *text;
    } rows[] = {
        {0, "0s"},
        {59999, "59s"},
        {60000, "1min"},
        {61000, "1min1s"},
        {3599999, "59min59s"},
        {3600000, "1h"},
        {3659999, "1h"},
        {86399999, "23h59min"},
        {86400000, "1d"},
        {90000000, "1d1h"},
        {UINT32_MAX - 1, "49d17h"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[SOCKET_AGE_TEXT_SIZE];
        socket_age_format((struct socket_age){AGE_EXACT, rows[i].msec}, text);
        if (strcmp(text, rows[i].text) != 0)
            fail_msg("%llu ms: \"%s\", not \"%s\"", (unsigned long long)rows[i].msec, text, rows[i].text);
    }
}

static void test_timer(void **state) {
    static const struct {
        const char *name;
        struct diag_socket socket;
        const char *text, *timer;
    } rows[] = {
        {"none", {.state = STATE_ESTABLISHED, .inode = 1}, "", NULL},
        {"first try", {.state = STATE_ESTABLISHED, .inode = 1, .timer = RETRANSMIT}, "", "retransmit"},
        {"sent again",
         {.state = STATE_ESTABLISHED, .inode = 1, .timer = RETRANSMIT, .retransmits = 7},
         "resent:7",
         "retransmit"},
        {"keepalive",
         {.state = STATE_ESTABLISHED, .inode = 1, .timer = KEEPALIVE, .expires_msec = 7199000},
         "keepalive:1h59min",
         "keepalive"},
        {"zero window",
         {.state = STATE_FIN_WAIT_1, .timer = ZERO_WINDOW, .retransmits = 2},
         "zero-window:2",
         "zero-window"},
        {"TIME-WAIT: the age says it",
         {.state = STATE_TIME_WAIT, .minisocket = true, .timer = WAITING, .expires_msec = 5000},
         "",
         "time-wait"},
        {"FIN-WAIT-2 minisocket",
         {.state = STATE_FIN_WAIT_2, .minisocket = true, .timer = WAITING, .expires_msec = 5000},
         "ends-in:5s",
         "linger"},
        {"FIN-WAIT-2 orphan",
         {.state = STATE_FIN_WAIT_2, .timer = KEEPALIVE, .expires_msec = 5000},
         "ends-in:5s",
         "linger"},
        {"FIN-WAIT-2 that a process holds, with keepalive",
         {.state = STATE_FIN_WAIT_2, .inode = 1, .timer = KEEPALIVE, .expires_msec = 5000},
         "keepalive:5s",
         "keepalive"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[SOCKET_AGE_TEXT_SIZE];
        const char *timer = socket_timer_name(&rows[i].socket);
        socket_timer_format(&rows[i].socket, text);
        if (strcmp(text, rows[i].text) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].name, text, rows[i].text);
        if (strcmp(timer ? timer : "", rows[i].timer ? rows[i].timer : "") != 0)
            fail_msg("%s: timer \"%s\"", rows[i].name, timer ? timer : "(none)");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_timer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
