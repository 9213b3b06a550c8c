/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

static char directory[256];

static int make_directory(void **state) {
    const char *parent = getenv("TMPDIR");

    (void)state;
    snprintf(directory, sizeof directory, "%s/synwaitd-util-XXXXXX", parent ? parent : "/tmp");
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state) {
    (void)state;
    return rmdir(directory);
}

static void remove_file(const char *name) {
    char path[512];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    unlink(path);
}

static size_t count_entries(void) {
    DIR *entries = opendir(directory);
    size_t count = 0;

    assert_non_null(entries);
    while (readdir(entries))
        count++;
    closedir(entries);
    return count - 2; /* . and .. */
}

static void test_text_cut(void **state) {
    static const struct {
        const char *name;
        size_t size;
        const char *added, *kept;
    } rows[] = {
        {"fits", 4, "abc", "abc"},
        {"one too long", 3, "abc", "ab"},
        {"no room at all", 1, "abc", ""},
        {"two bytes whole", 3, "\xC3\xA4", "\xC3\xA4"},
        {"two bytes cut", 2, "\xC3\xA4", ""},
        {"two bytes cut after a letter", 3, "a\xC3\xA4z", "a"},
        {"three bytes whole", 4, "\xE2\x82\xACz", "\xE2\x82\xAC"},
        {"three bytes cut to one", 2, "\xE2\x82\xAC", ""},
        {"three bytes cut to two", 3, "\xE2\x82\xAC", ""},
        {"four bytes whole", 5, "\xF0\x9F\x90\x9Fz", "\xF0\x9F\x90\x9F"},
        {"four bytes cut to three", 4, "\xF0\x9F\x90\x9F", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char buffer[8];
        struct text text = text_in(buffer, rows[i].size);
        text_add(&text, "%s", rows[i].added);
        if (strcmp(buffer, rows[i].kept) != 0)
            fail_msg("%s: \"%s\", wanted \"%s\"", rows[i].name, buffer, rows[i].kept);
        check_row(rows[i].name, text.length, strlen(rows[i].kept));
    }
}

/* One character of each kind, written between letters. */
static void test_text_clean(void **state) {
    static const struct {
        const char *name, *character;
        bool stays;
    } rows[] = {
        {"blank", " ", true},
        {"letter of two bytes", "\xC3\xA9", true},
        {"of three", "\xE2\x82\xAC", true},
        {"of four", "\xF0\x9F\x90\x9F", true},
        {"right-to-left letter", "\xD7\x90", true},
        {"combining accent", "\xCC\x81", true},
        {"ellipsis, our own", "\xE2\x80\xA6", true},
        {"last of Unicode", "\xF4\x8F\xBF\xBF", true},
        {"newline", "\n", false},
        {"carriage return", "\r", false},
        {"escape", "\x1B", false},
        {"DEL", "\x7F", false},
        {"U+0080, first of C1", "\xC2\x80", false},
        {"U+009F, last of C1", "\xC2\x9F", false},
        {"U+00A0 no-break space", "\xC2\xA0", false},
        {"U+00AD soft hyphen", "\xC2\xAD", false},
        {"U+034F combining grapheme joiner", "\xCD\x8F", false},
        {"U+061C Arabic letter mark", "\xD8\x9C", false},
        {"U+115F Hangul filler", "\xE1\x85\x9F", false},
        {"U+180E Mongolian vowel separator", "\xE1\xA0\x8E", false},
        {"U+2003 em space", "\xE2\x80\x83", false},
        {"U+200B zero width space", "\xE2\x80\x8B", false},
        {"U+200C zero width non-joiner", "\xE2\x80\x8C", false},
        {"U+200D zero width joiner", "\xE2\x80\x8D", false},
        {"U+200E left-to-right mark", "\xE2\x80\x8E", false},
        {"U+200F right-to-left mark", "\xE2\x80\x8F", false},
        {"U+2010 hyphen", "\xE2\x80\x90", true},
        {"U+2027 hyphenation point", "\xE2\x80\xA7", true},
        {"U+2028 line separator", "\xE2\x80\xA8", false},
        {"U+2029 paragraph separator", "\xE2\x80\xA9", false},
        {"U+202A left-to-right embedding", "\xE2\x80\xAA", false},
        {"U+202E right-to-left override", "\xE2\x80\xAE", false},
        {"U+2030 per mille sign", "\xE2\x80\xB0", true},
        {"U+2060 word joiner", "\xE2\x81\xA0", false},
        {"U+2066 left-to-right isolate", "\xE2\x81\xA6", false},
        {"U+2069 pop directional isolate", "\xE2\x81\xA9", false},
        {"U+3000 ideographic space", "\xE3\x80\x80", false},
        {"U+3164 Hangul filler", "\xE3\x85\xA4", false},
        {"U+FE0F variation selector", "\xEF\xB8\x8F", false},
        {"U+FEFF byte order mark", "\xEF\xBB\xBF", false},
        {"U+FFF9 annotation", "\xEF\xBF\xB9", false},
        {"U+FFFD replacement character", "\xEF\xBF\xBD", true},
        {"U+E0001 language tag", "\xF3\xA0\x80\x81", false},
        {"U+E0041 tag A", "\xF3\xA0\x81\x81", false},
        {"U+E0FFF, last of the tags' plane", "\xF3\xA0\xBF\xBF", false},
        {"U+D800, a surrogate", "\xED\xA0\x80", false},
        {"U+110000", "\xF4\x90\x80\x80", false},
        {"overlong of two", "\xC0\xAF", false},
        {"overlong of two, a letter", "\xC1\x81", false},
        {"overlong of three", "\xE0\x80\x8A", false},
        {"overlong of four", "\xF0\x80\x80\x8A", false},
        {"five bytes", "\xF8\x88\x80\x80\x80", false},
        {"lone continuation", "\x80", false},
        {"no byte of UTF-8", "\xFF", false},
        {"start alone", "\xE2", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[32], wanted[32], marks[16] = "";
        memset(marks, '?', strlen(rows[i].character));
        snprintf(text, sizeof text, "a%sz", rows[i].character);
        snprintf(wanted, sizeof wanted, "a%sz", rows[i].stays ? rows[i].character : marks);
        text_clean(text);
        if (strcmp(text, wanted) != 0)
            fail_msg("%s: \"%s\", wanted \"%s\"", rows[i].name, text, wanted);
        check_row(rows[i].name, printable_length(rows[i].character),
                  rows[i].stays ? strlen(rows[i].character) : 0);
    }
}

static void test_text_after_cut(void **state) {
    static const struct {
        const char *name, *second, *result;
    } rows[] = {
        {"full", "-34567", "12-34"},
        {"room where a character was cut off", "--\xE2\x82\xAC", "12--"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char buffer[6];
        struct text text = text_in(buffer, sizeof buffer);
        text_add(&text, "%d", 12);
        text_add(&text, "%s", rows[i].second);
        text_add(&text, "more");
        text_put_string(&text, "!");
        if (strcmp(buffer, rows[i].result) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, buffer);
        check_row(rows[i].name, text.length, strlen(rows[i].result));
        assert_true(text.cut);
    }
}

static void test_text_put(void **state) {
    static const struct {
        const char *name;
        size_t size;
        uint64_t number;
        const char *kept;
        bool cut;
    } rows[] = {
        {"nought", 32, 0, "<0>", false},
        {"ten", 32, 10, "<10>", false},
        {"the largest", 32, UINT64_MAX, "<18446744073709551615>", false},
        {"just fits", 7, 1234, "<1234>", false},
        {"one too long", 6, 1234, "<1234", true},
        {"a number cut", 4, 1234, "<12", true},
        {"no room at all", 1, 1234, "", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char buffer[32];
        struct text text = text_in(buffer, rows[i].size);
        text_put_string(&text, "<");
        text_put_number(&text, rows[i].number);
        text_put(&text, ">>>", 1);
        if (strcmp(buffer, rows[i].kept) != 0)
            fail_msg("%s: \"%s\", wanted \"%s\"", rows[i].name, buffer, rows[i].kept);
        check_row(rows[i].name, text.length, strlen(rows[i].kept));
        check_row(rows[i].name, text.cut, rows[i].cut);
    }
    char buffer[6];
    struct text text = text_in(buffer, sizeof buffer);
    text_put_string(&text, "abc\xE2\x82\xAC");
    assert_string_equal(buffer, "abc");
    assert_true(text.cut);
}

static void read_back(const char *name, const char *content, mode_t mode) {
    char path[512], buffer[64];
    struct stat status;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(read_file_at(AT_FDCWD, path, buffer, sizeof buffer), (int)strlen(content));
    assert_string_equal(buffer, content);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, mode);
}

static void test_write_atomic(void **state) {
    mode_t mask = umask(0022);

    (void)state;
    assert_int_equal(write_file_atomic(directory, "status", "first", 5, 0644), 0);
    read_back("status", "first", 0644);
    assert_int_equal(write_file_atomic(directory, "status", "second", 6, 0600), 0);
    read_back("status", "second", 0600);
    assert_int_equal(write_file_atomic(directory, "status", "", 0, 0666), 0);
    read_back("status", "", 0644);
    assert_int_equal(count_entries(), 1);
    umask(mask);
    remove_file("status");
}

/* The directory may be removed and made anew under the descriptor that is kept. */
static void test_directory_made_anew(void **state) {
    struct output_directory output = output_directory_at(directory);

    (void)state;
    assert_int_equal(output_replace(&output, "status", "1", 1, 0600), 0);
    int fd = output.fd;
    assert_int_equal(output_replace(&output, "status", "2", 1, 0600), 0);
    assert_int_equal(output.fd, fd);
    remove_file("status");
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(output_replace(&output, "status", "3", 1, 0600), -ENOENT);
    assert_int_equal(mkdir(directory, 0700), 0);
    assert_int_equal(output_replace(&output, "status", "4", 1, 0600), 0);
    read_back("status", "4", 0600);
    remove_file("status");
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(mkdir(directory, 0700), 0);
    assert_int_equal(output_replace(&output, "status", "5", 1, 0600), 0);
    read_back("status", "5", 0600);
    output_directory_close(&output);
    assert_int_equal(output_replace(&output, "status", "6", 1, 0600), 0);
    output_directory_close(&output);
    output_directory_close(&output);
    remove_file("status");
}

/* Who has the old file open reads it to its end. */
static void test_open_file_stays(void **state) {
    char path[512], buffer[16];

    (void)state;
    assert_int_equal(write_file_atomic(directory, "status", "the old one", 11, 0600), 0);
    snprintf(path, sizeof path, "%s/status", directory);
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, buffer, 4), 4);
    assert_int_equal(write_file_atomic(directory, "status", "new", 3, 0600), 0);
    assert_int_equal(read(fd, buffer, sizeof buffer), 7);
    assert_memory_equal(buffer, "old one", 7);
    remove_file("status");
}

static void test_write_replaces_leftover(void **state) {
    char path[512];

    (void)state;
    /* What a killed predecessor left, or a link that somebody put there. */
    snprintf(path, sizeof path, "%s/.status.tmp", directory);
    assert_int_equal(symlink("victim", path), 0);
    assert_int_equal(write_file_atomic(directory, "status", "new", 3, 0644), 0);
    read_back("status", "new", 0644);
    assert_int_equal(count_entries(), 1);
    remove_file("status");
}

static void test_write_errors(void **state) {
    char path[512], name[300];

    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(write_file_atomic(directory, name, "a", 1, 0644), -ENAMETOOLONG);
    assert_int_equal(write_file_atomic("/nonexistent", "a", "a", 1, 0644), -ENOENT);
    /* A directory in the way: the rename fails and the temporary file goes. */
    snprintf(path, sizeof path, "%s/status", directory);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(write_file_atomic(directory, "status", "a", 1, 0644), -EISDIR);
    assert_int_equal(count_entries(), 1);
    rmdir(path);
}

static void test_read_sizes(void **state) {
    static const struct {
        const char *name;
        size_t size;
        int result;
    } rows[] = {
        {"room to spare", 64, 5},
        {"room for the NUL", 6, 5},
        {"no room for the NUL", 5, -EFBIG},
        {"too small", 2, -EFBIG},
    };

    (void)state;
    assert_int_equal(write_file_atomic(directory, "text", "12345", 5, 0600), 0);
    int dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char buffer[64];
        memset(buffer, 'x', sizeof buffer);
        check_row(rows[i].name, read_file_at(dir_fd, "text", buffer, rows[i].size), rows[i].result);
        if (rows[i].result > 0)
            check_row(rows[i].name, strlen(buffer), rows[i].result);
    }
    char buffer[8];
    assert_int_equal(read_file_at(dir_fd, "none", buffer, sizeof buffer), -ENOENT);
    assert_int_equal(read_file_at(dir_fd, ".", buffer, sizeof buffer), -EISDIR);
    close(dir_fd);
    remove_file("text");
}

static void test_clock(void **state) {
    uint64_t first = now_monotonic_usec();

    (void)state;
    assert_true(first > 0);
    usleep(2000);
    assert_true(now_monotonic_usec() >= first + 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_cut),        cmocka_unit_test(test_text_clean),
        cmocka_unit_test(test_text_after_cut),  cmocka_unit_test(test_text_put),
        cmocka_unit_test(test_write_atomic),    cmocka_unit_test(test_directory_made_anew),
        cmocka_unit_test(test_open_file_stays), cmocka_unit_test(test_write_replaces_leftover),
        cmocka_unit_test(test_write_errors),    cmocka_unit_test(test_read_sizes),
        cmocka_unit_test(test_clock),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
