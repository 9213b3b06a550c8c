/* SPDX-License-Identifier: MIT */
/* The tcpdump command of an alert: what it selects, and that tcpdump takes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "remedy.h"
#include "sample_alerts.h"

static const struct {
    const char *name;
    enum problem_family family;
    const char *local, *peer;
    uint16_t bare_port;
    const char *filter; /* or NULL: no command */
} capture[] = {
    {"IPv4 listener", FAMILY_HANDSHAKE, "192.0.2.10:80", "", 0,
     "dst host 192.0.2.10 and tcp dst port 80 and tcp[tcpflags] & tcp-syn != 0"},
    {"IPv4 wildcard", FAMILY_HANDSHAKE, "0.0.0.0:80", "", 0,
     "tcp dst port 80 and tcp[tcpflags] & tcp-syn != 0"},
    {"IPv6 listener", FAMILY_HANDSHAKE, "[2001:db8::1]:80", "", 0,
     "dst host 2001:db8::1 and tcp dst port 80 and ip6[53] & 2 != 0"},
    {"bound to a device", FAMILY_HANDSHAKE, "[fe80::1%2]:80", "", 0,
     "dst host fe80::1 and tcp dst port 80 and ip6[53] & 2 != 0"},
    {"IPv6 wildcard gets IPv4 too", FAMILY_HANDSHAKE, "[::]:80", "", 0,
     "tcp dst port 80 and (tcp[tcpflags] & tcp-syn != 0 or ip6[53] & 2 != 0)"},
    {"one source", FAMILY_HANDSHAKE, "192.0.2.10:80", "203.0.113.9", 0,
     "src host 203.0.113.9 and dst host 192.0.2.10 and tcp dst port 80 and tcp[tcpflags] & tcp-syn != 0"},
    {"one IPv6 source, by its network", FAMILY_HANDSHAKE, "[2001:db8::1]:80", "2001:db8:5:6:7::8", 0,
     "src net 2001:db8:5:6::/64 and dst host 2001:db8::1 and tcp dst port 80 and ip6[53] & 2 != 0"},
    {"leak on a port", FAMILY_CLOSE_WAIT, "", "", 8080,
     "tcp port 8080 and (tcp[tcpflags] & (tcp-fin|tcp-rst) != 0 or ip6[53] & 5 != 0)"},
    {"leak on a listener", FAMILY_LAST_ACK, "0.0.0.0:8080", "", 0,
     "tcp port 8080 and (tcp[tcpflags] & (tcp-fin|tcp-rst) != 0 or ip6[53] & 5 != 0)"},
    {"destination", FAMILY_PORTS, "192.0.2.1", "198.51.100.7:443", 0,
     "tcp and host 198.51.100.7 and port 443"},
    {"IPv6 destination", FAMILY_PORTS, "", "[2001:db8::7]:443", 0, "tcp and host 2001:db8::7 and port 443"},
    {"peer without port", FAMILY_OUTBOUND_HANDSHAKE, "", "198.51.100.7", 0, "tcp and host 198.51.100.7"},
    {"plain port", FAMILY_ESTABLISHED, "", "", 443, "tcp port 443"},
    {"nothing known", FAMILY_HANDSHAKE, "", "", 0, NULL},
};

static void format_capture(size_t index, char *buffer, size_t size) {
    struct finding finding = {.family = capture[index].family,
                              .local = sample_endpoint(capture[index].local),
                              .peer = sample_endpoint(capture[index].peer)};
    struct text text = text_in(buffer, size);

    if (capture[index].bare_port != 0)
        finding.local.port = capture[index].bare_port;
    capture_format(&finding, &text);
}

static void test_capture(void **state) {
    char text[1024], wanted[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(capture); i++) {
        wanted[0] = '\0';
        if (capture[i].filter)
            snprintf(wanted, sizeof wanted, "tcpdump -ni any -c 200 '%s'", capture[i].filter);
        format_capture(i, text, sizeof text);
        if (strcmp(text, wanted) != 0)
            fail_msg("%s: %s", capture[i].name, text);
    }
}

static void test_tcpdump_compiles_the_filters(void **state) {
    char command[1200];

    (void)state;
    if (system("command -v tcpdump >/dev/null") != 0) {
        if (getenv("CI"))
            fail_msg("tcpdump is not installed");
        print_message("SKIPPED: tcpdump is not installed, so the capture filters are not compiled\n");
        skip();
    }
    for (size_t i = 0; i < ARRAY_SIZE(capture); i++) {
        if (!capture[i].filter)
            continue;
        snprintf(command, sizeof command, "tcpdump -y LINUX_SLL2 -d '%s' >/dev/null 2>&1", capture[i].filter);
        if (system(command) != 0)
            fail_msg("%s: tcpdump refuses %s", capture[i].name, capture[i].filter);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capture),
        cmocka_unit_test(test_tcpdump_compiles_the_filters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
