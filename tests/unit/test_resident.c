/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <fcntl.h>
#include <stdlib.h>

#include "resident.h"
#include "util.h"

#define TABLE_BYTES (256 * 1024)

static const char table[TABLE_BYTES] = {[0] = 'a', [TABLE_BYTES - 1] = 'z'};

/* kB of files' pages in this process. */
static unsigned long file_kb(void) {
    char text[4096];

    assert_true(read_file_at(AT_FDCWD, "/proc/self/status", text, sizeof text) > 0);
    const char *line = strstr(text, "RssFile:");
    assert_non_null(line);
    return strtoul(line + strlen("RssFile:"), NULL, 10);
}

static unsigned int sum(void) {
    const volatile char *byte = table;
    unsigned int total = 0;

    for (size_t i = 0; i < sizeof table; i++)
        total += (unsigned char)byte[i];
    return total;
}

/* A table of constants was read, is given back, and is there when it is read again. */
static void test_give_back(void **state) {
    (void)state;
    assert_int_equal(sum(), 'a' + 'z');
    unsigned long before = file_kb();
    resident_give_back();
    unsigned long after = file_kb();
    print_message("  files' pages: %lu kB, then %lu kB\n", before, after);
    assert_true(after + TABLE_BYTES / 1024 <= before);
    assert_int_equal(sum(), 'a' + 'z');
    assert_true(file_kb() >= after + TABLE_BYTES / 1024);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_give_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
