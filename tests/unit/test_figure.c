/* SPDX-License-Identifier: MIT */
#include "case.h"

#include "figure.h"
#include "util.h"

#define KNOWN(v)                                                                                             \
    { (v), FIGURE_KNOWN }
#define UNKNOWN                                                                                              \
    { 0, FIGURE_UNKNOWN }
#define ABSENT                                                                                               \
    { 0, FIGURE_ABSENT }
#define TWO_32 (1ULL << 32)

static void check_figure(const char *name, struct figure got, struct figure wanted) {
    check_row(name, got.status, wanted.status);
    if (figure_known(wanted))
        check_row(name, got.value, wanted.value);
}

static void test_zeroed_is_unknown(void **state) {
    struct figure zeroed;

    (void)state;
    memset(&zeroed, 0, sizeof zeroed);
    assert_false(figure_known(zeroed));
    assert_int_equal(figure_or(zeroed, 7), 7);
    assert_int_equal(figure_or(FIGURE_MISSING, 8), 8);
    assert_int_equal(figure_or(FIGURE_OF(0), 9), 0);
}

static void test_sums(void **state) {
    static const struct {
        const char *name;
        struct figure a, b, sum, difference;
    } rows[] = {
        {"both known", KNOWN(5), KNOWN(3), KNOWN(8), KNOWN(2)},
        {"equal", KNOWN(5), KNOWN(5), KNOWN(10), KNOWN(0)},
        {"the second is larger", KNOWN(3), KNOWN(5), KNOWN(8), KNOWN(0)},
        {"first unknown", UNKNOWN, KNOWN(5), UNKNOWN, UNKNOWN},
        {"second unknown", KNOWN(5), UNKNOWN, UNKNOWN, UNKNOWN},
        {"first absent", ABSENT, KNOWN(5), ABSENT, ABSENT},
        {"second absent", KNOWN(5), ABSENT, ABSENT, ABSENT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        check_figure(rows[i].name, figure_add(rows[i].a, rows[i].b), rows[i].sum);
        check_figure(rows[i].name, figure_subtract(rows[i].a, rows[i].b), rows[i].difference);
    }
}

static void test_increase(void **state) {
    static const struct {
        const char *name;
        struct figure previous, current, increase;
    } rows[] = {
        {"unchanged", KNOWN(5), KNOWN(5), KNOWN(0)},
        {"grown", KNOWN(5), KNOWN(7), KNOWN(2)},
        {"grown to the end of 64 bits", KNOWN(0), KNOWN(UINT64_MAX), KNOWN(UINT64_MAX)},
        {"reset to 0", KNOWN(5), KNOWN(0), UNKNOWN},
        {"reset of a large one", KNOWN(TWO_32 + 5), KNOWN(3), UNKNOWN},
        {"wrapped at 32 bits", KNOWN(TWO_32 - 1), KNOWN(0), KNOWN(1)},
        {"wrapped from the last quarter's edge", KNOWN(TWO_32 / 4 * 3), KNOWN(TWO_32 / 4 - 1),
         KNOWN(TWO_32 / 2 - 1)},
        {"below the last quarter is a reset", KNOWN(TWO_32 / 4 * 3 - 1), KNOWN(0), UNKNOWN},
        {"beyond the first quarter is a reset", KNOWN(TWO_32 - 1), KNOWN(TWO_32 / 4), UNKNOWN},
        {"beyond 32 bits does not wrap", KNOWN(TWO_32), KNOWN(0), UNKNOWN},
        {"previous unknown", UNKNOWN, KNOWN(5), UNKNOWN},
        {"current unknown", KNOWN(5), UNKNOWN, UNKNOWN},
        {"absent", ABSENT, ABSENT, UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_figure(rows[i].name, figure_increase(rows[i].previous, rows[i].current), rows[i].increase);
}

static void test_per_second(void **state) {
    static const struct {
        const char *name;
        struct figure count;
        uint64_t span_usec;
        struct figure rate;
    } rows[] = {
        {"one second", KNOWN(10), 1000000, KNOWN(10)},
        {"two seconds", KNOWN(10), 2000000, KNOWN(5)},
        {"half rounds up", KNOWN(1), 2000000, KNOWN(1)},
        {"below half rounds down", KNOWN(1), 2000001, KNOWN(0)},
        {"short span", KNOWN(3), 1000, KNOWN(3000)},
        {"large count", KNOWN(UINT64_MAX / 2), 1000000, KNOWN(UINT64_MAX / 2)},
        {"no time", KNOWN(10), 0, UNKNOWN},
        {"unknown", UNKNOWN, 1000000, UNKNOWN},
        {"absent", ABSENT, 0, ABSENT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_figure(rows[i].name, figure_per_second(rows[i].count, rows[i].span_usec), rows[i].rate);
}

static void test_permyriad(void **state) {
    static const struct {
        const char *name;
        uint64_t part, whole;
        uint32_t permyriad;
    } rows[] = {
        {"nothing of nothing", 0, 0, 0},
        {"something of nothing", 5, 0, 0},
        {"nothing", 0, 5, 0},
        {"all", 5, 5, 10000},
        {"half", 1, 2, 5000},
        {"a third, cut", 1, 3, 3333},
        {"more than all", 129, 128, 10078},
        {"far more than all", UINT64_MAX, 1, UINT32_MAX},
        {"of large numbers", UINT64_MAX / 2, UINT64_MAX, 4999},
        {"all of large numbers", UINT64_MAX, UINT64_MAX, 10000},
        {"almost all of 2^50", (1ULL << 50) - 1, 1ULL << 50, 9999},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_row(rows[i].name, permyriad_of(rows[i].part, rows[i].whole), rows[i].permyriad);
}

static void test_apply(void **state) {
    static const struct {
        const char *name;
        uint32_t permyriad;
        uint64_t whole, part;
    } rows[] = {
        {"nothing", 0, 5, 0},
        {"of nothing", 5000, 0, 0},
        {"all", 10000, 128, 128},
        {"half", 5000, 128, 64},
        {"rounded up", 5000, 129, 65},
        {"least", 1, 1, 1},
        {"80 % of the ports", 8000, 28232, 22586},
        {"all of the largest", 10000, UINT64_MAX, UINT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_row(rows[i].name, permyriad_apply(rows[i].permyriad, rows[i].whole), rows[i].part);
}

static void test_power_of_two(void **state) {
    static const struct {
        const char *name;
        uint64_t value, wanted;
    } rows[] = {{"0", 0, 1},
                {"1", 1, 1},
                {"2", 2, 2},
                {"3", 3, 4},
                {"128", 128, 128},
                {"129", 129, 256},
                {"2^62", 1ULL << 62, 1ULL << 62},
                {"beyond", UINT64_MAX, 1ULL << 62}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(rows[i].name, power_of_two_from(rows[i].value), rows[i].wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_of_two), cmocka_unit_test(test_zeroed_is_unknown),
        cmocka_unit_test(test_sums),         cmocka_unit_test(test_increase),
        cmocka_unit_test(test_per_second),   cmocka_unit_test(test_permyriad),
        cmocka_unit_test(test_apply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
