/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "directory.h"
#include "util.h"

#define FILES 500 /* several fillings of the buffer */

static char path[] = "/tmp/synwaitd-directory-XXXXXX";

static int make_files(void **state) {
    char name[128];

    (void)state;
    if (!mkdtemp(path))
        return -1;
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "%s/a-name-of-some-length-%d", path, i);
        close(open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }
    return 0;
}

static int remove_files(void **state) {
    char name[128];

    (void)state;
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "%s/a-name-of-some-length-%d", path, i);
        unlink(name);
    }
    return rmdir(path);
}

static void test_each_once(void **state) {
    static struct directory directory;
    bool seen[FILES] = {false};
    size_t count = 0;

    (void)state;
    assert_int_equal(directory_open(&directory, AT_FDCWD, path, 0), 0);
    for (const struct dirent64 *entry; (entry = directory_next(&directory));) {
        if (entry->d_name[0] == '.')
            continue;
        long number = strtol(strrchr(entry->d_name, '-') + 1, NULL, 10);
        assert_in_range(number, 0, FILES - 1);
        assert_false(seen[number]);
        seen[number] = true;
        count++;
    }
    assert_int_equal(count, FILES);
    assert_null(directory_next(&directory));
    int fd = directory.fd;
    directory_close(&directory);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    directory_close(&directory); /* the number may be another's by now */
    assert_false(directory.is_open);
}

static void test_errors(void **state) {
    static struct directory directory;

    (void)state;
    assert_int_equal(directory_open(&directory, AT_FDCWD, "/nonexistent", 0), -ENOENT);
    assert_false(directory.is_open);
    assert_int_equal(directory_open(&directory, AT_FDCWD, "/dev/null", 0), -ENOTDIR);
    directory_close(&directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
