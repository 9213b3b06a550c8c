/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <errno.h>

#include "timespan.h"
#include "util.h"

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static void test_parse(void **state) {
    static const struct {
        const char *text;
        uint64_t usec;
    } rows[] = {
        {"0", 0},
        {"0s", 0},
        {"1us", 1},
        {"1usec", 1},
        {"1\u00b5s", 1},
        {"1\u03bcs", 1},
        {"1ms", 1000},
        {"1msec", 1000},
        {"1", USEC_PER_SEC},
        {"1s", USEC_PER_SEC},
        {"1sec", USEC_PER_SEC},
        {"1second", USEC_PER_SEC},
        {"1seconds", USEC_PER_SEC},
        {"1m", MINUTE},
        {"1min", MINUTE},
        {"1minute", MINUTE},
        {"1minutes", MINUTE},
        {"1h", HOUR},
        {"1hr", HOUR},
        {"1hour", HOUR},
        {"1hours", HOUR},
        {"1d", DAY},
        {"1day", DAY},
        {"1days", DAY},
        {"1w", 7 * DAY},
        {"1week", 7 * DAY},
        {"1weeks", 7 * DAY},
        {"1M", 2629800 * USEC_PER_SEC},
        {"1month", 2629800 * USEC_PER_SEC},
        {"1months", 2629800 * USEC_PER_SEC},
        {"1y", 31557600 * USEC_PER_SEC},
        {"1year", 31557600 * USEC_PER_SEC},
        {"1years", 31557600 * USEC_PER_SEC},
        {"1min 30s", 90 * USEC_PER_SEC},
        {"1min30s", 90 * USEC_PER_SEC},
        {"1h30", HOUR + 30 * USEC_PER_SEC},
        {"55s500ms", 55500000},
        {"300ms20s 5day", 5 * DAY + 20300000},
        {"1y 12month", 63115200 * USEC_PER_SEC},
        {" \t2 h\n", 2 * HOUR},
        {"1 2", 3 * USEC_PER_SEC},
        {"5s 5s", 10 * USEC_PER_SEC},
        {"1.5s", 1500000},
        {"1.5", 1500000},
        {".5s", 500000},
        {"0.000001", 1},
        {"0.25 h", 900 * USEC_PER_SEC},
        {"1.0000001s", USEC_PER_SEC},
        {"0.3us", 0},
        {"18446744073709551615us", UINT64_MAX},
        {"584542y", 584542ULL * 31557600 * USEC_PER_SEC},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t usec = 12345;
        check_row(rows[i].text, -timespan_parse(rows[i].text, &usec), 0);
        check_row(rows[i].text, usec, rows[i].usec);
    }
}

static void test_refused(void **state) {
    static const struct {
        const char *name, *text;
        int error;
    } rows[] = {
        {"empty", "", EINVAL},
        {"blank", "  ", EINVAL},
        {"a word", "abc", EINVAL},
        {"a unit alone", "s", EINVAL},
        {"a point alone", ".", EINVAL},
        {"unknown unit", "5foo", EINVAL},
        {"unit in the wrong case", "5S", EINVAL},
        {"nothing behind the point", "1.s", EINVAL},
        {"two points", "1..5s", EINVAL},
        {"two fractions", "1.5.5s", EINVAL},
        {"a comma", "1,5s", EINVAL},
        {"exponent", "1e3s", EINVAL},
        {"hexadecimal", "0x10s", EINVAL},
        {"negative", "-1s", EINVAL},
        {"signed", "+1s", EINVAL},
        {"infinity", "infinity", EINVAL},
        {"trailing", "5s;", EINVAL},
        {"percentage", "5%", EINVAL},
        {"one more than 64 bits", "18446744073709551616us", ERANGE},
        {"a sum beyond 64 bits", "18446744073709551615us 1us", ERANGE},
        {"a product beyond 64 bits", "584943y", ERANGE},
        {"a fraction beyond 64 bits", "584542.99y", ERANGE},
        {"many digits", "99999999999999999999999999999999s", ERANGE},
        {"too large, then no time span", "99999999999999999999999999999999s x", EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t usec = 12345;
        check_row(rows[i].name, -timespan_parse(rows[i].text, &usec), rows[i].error);
        check_row(rows[i].name, usec, 12345);
    }
}

static void test_format(void **state) {
    static const struct {
        uint64_t usec;
        const char *text;
    } rows[] = {
        {0, "0s"},
        {1, "1us"},
        {1000, "1ms"},
        {500000, "500ms"},
        {USEC_PER_SEC, "1s"},
        {1500000, "1s 500ms"},
        {90 * USEC_PER_SEC, "1min 30s"},
        {30 * MINUTE, "30min"},
        {HOUR, "1h"},
        {DAY, "1d"},
        {7 * DAY, "1w"},
        {8 * DAY + HOUR + MINUTE + 1001001, "1w 1d 1h 1min 1s 1ms 1us"},
        {UINT64_MAX, "30500568w 6d 8h 1min 49s 551ms 615us"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[TIMESPAN_TEXT_SIZE];
        timespan_format(rows[i].usec, text);
        assert_string_equal(text, rows[i].text);
    }
}

static uint64_t xorshift(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void test_round_trip(void **state) {
    uint64_t seed = 88172645463325252ULL;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        char text[TIMESPAN_TEXT_SIZE];
        uint64_t usec = xorshift(&seed) >> (xorshift(&seed) % 64), parsed = 0;
        timespan_format(usec, text);
        check_row(text, -timespan_parse(text, &parsed), 0);
        check_row(text, parsed, usec);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
