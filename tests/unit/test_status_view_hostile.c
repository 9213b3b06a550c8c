/* SPDX-License-Identifier: MIT */
/* What is no status.json at all: damaged, far too large, too deep, or no file. */
#include "status_case.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* Jansson's own words may change a little. */
static void check_syntax_error(const char *name, int line, const char *hint) {
    char place[96];

    snprintf(place, sizeof place, "%s:%d:", file_path, line);
    if (strncmp(error, place, strlen(place)) != 0 || !strstr(error, ": must be a JSON object: ") ||
        !strstr(error, hint))
        fail_msg("%s: %s", name, error);
    for (const char *at = error; *at; at++)
        if ((unsigned char)*at < ' ' || *at == '\x7f')
            fail_msg("%s: control character: %s", name, error);
}

static void test_wrong_syntax(void **state) {
    static const struct {
        const char *name, *bytes;
        int line;
        const char *hint;
        size_t length; /* 0: of the string */
    } rows[] = {
        {"blank", " \n", 2, "near end of file", 0},
        {"no JSON", "TCP: inuse 5", 1, "'{' expected", 0},
        {"a number", "1", 1, "'{' expected", 0},
        {"half-written", "{\n \"schema\": 1,\n \"ver", 3, "premature end", 0},
        {"something behind it", "{}\n{}", 2, "end of file expected", 0},
        {"duplicate key", "{\"schema\": 1, \"schema\": 1}", 1, "duplicate", 0},
        {"escape sequence", "{\x1b[31m", 1, "near '?'", 0},
        {"escape sequence in a string", "{\"\x1b[31m\": 1}", 1, "control character", 0},
        {"invalid UTF-8", "{\"a\": \"\xC3(\"}", 1, "unable to decode", 0},
        {"overlong", "{\"a\": \"\xC0\xAF\"}", 1, "unable to decode", 0},
        {"NUL byte", "{\"a\": \0}", 1, "invalid token", 8},
        {"escaped NUL", "{\"a\": \"\\u0000\"}", 1, "not allowed", 0},
        {"NUL in a key", "{\"a\\u0000\": 1}", 1, "NUL", 0},
        {"lone surrogate", "{\"a\": \"\\ud800\"}", 1, "invalid Unicode", 0},
        {"beyond 64 bits", "{\"schema\": 9223372036854775808}", 1, "too big integer", 0},
        {"far below", "{\"schema\": -99999999999999999999}", 1, "too big negative integer", 0},
        {"not a number", "{\"schema\": NaN}", 1, "invalid token", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t length = rows[i].length ? rows[i].length : strlen(rows[i].bytes);
        check_row(rows[i].name, read_bytes(rows[i].bytes, length), -EBADMSG);
        check_syntax_error(rows[i].name, rows[i].line, rows[i].hint);
    }
    assert_int_equal(read_bytes("", 0), -EBADMSG);
    check_error("empty", ": is empty: must be a JSON object");
    assert_int_equal(read_bytes("[{}]", 4), -EBADMSG);
    check_error("an array", ": must be a JSON object");
}

/* @return memory of @p count times @p piece, between two strings; released with free() */
static char *repeat(const char *before, const char *piece, size_t count, const char *after) {
    size_t size = strlen(before) + count * strlen(piece) + strlen(after) + 1;
    char *text = malloc(size);
    struct text out = text_in(text, size);

    assert_non_null(text);
    text_put_string(&out, before);
    for (size_t i = 0; i < count; i++)
        text_put_string(&out, piece);
    text_put_string(&out, after);
    return text;
}

static void test_too_large(void **state) {
    static const struct {
        const char *name, *before, *piece;
        size_t count;
        const char *after;
    } rows[] = {
        {"a million listeners", "{\"schema\": 1, \"listeners\": [{}", ",{}", 1000000, "]}"},
        {"one byte too many", "", " ", 256 * 1024 + 1, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP_FREE char *text = repeat(rows[i].before, rows[i].piece, rows[i].count, rows[i].after);
        check_row(rows[i].name, read_bytes(text, strlen(text)), -EBADMSG);
        check_error(rows[i].name, ": must have at most 262144 bytes");
    }
    CLEANUP_FREE char *largest = repeat("", " ", 256 * 1024, "");
    assert_int_equal(read_bytes(largest, strlen(largest)), -EBADMSG);
    check_syntax_error("as large as it may be", 1, "near end of file");
}

static void test_too_deep(void **state) {
    static const struct {
        const char *name, *before, *piece;
        size_t count;
    } rows[] = {
        {"100,000 levels of arrays", "{\"a\":", "[", 100000},
        {"40,000 levels of objects", "", "{\"a\":", 40000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP_FREE char *text = repeat(rows[i].before, rows[i].piece, rows[i].count, "");
        check_row(rows[i].name, read_bytes(text, strlen(text)), -EBADMSG);
        check_syntax_error(rows[i].name, 1, "maximum parsing depth");
    }
    CLEANUP_FREE char *wide = repeat("{\"schema\": 1, \"a\": [{}", ",{}", 80000, "]}");
    assert_int_equal(read_bytes(wide, strlen(wide)), -EBADMSG);
    check_error("80,000 values of an unknown key", ": version: is missing");
}

/* All that may stand at the path and is no such file; none of them keeps us waiting. */
static void test_no_file(void **state) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char link_path[80];

    (void)state;
    alarm(60);
    unlink(file_path);
    assert_int_equal(status_view_read(file_path, &view, error), -ENOENT);
    check_error("nothing", ": No such file or directory");
    assert_int_equal(mkdir(file_path, 0700), 0);
    assert_int_equal(status_view_read(file_path, &view, error), -EBADMSG);
    check_error("directory", ": must be a regular file");
    rmdir(file_path);
    assert_int_equal(mkfifo(file_path, 0600), 0);
    assert_int_equal(status_view_read(file_path, &view, error), -EBADMSG);
    check_error("FIFO", ": must be a regular file");
    unlink(file_path);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", file_path);
    CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(status_view_read(file_path, &view, error), -ENXIO);
    unlink(file_path);
    assert_int_equal(read_bytes("{}", 2), -EBADMSG);
    snprintf(link_path, sizeof link_path, "%s/link", directory);
    assert_int_equal(symlink(file_path, link_path), 0);
    assert_int_equal(status_view_read(link_path, &view, error), -ELOOP);
    assert_non_null(strstr(error, "/link: Too many levels of symbolic links: must be the file itself"));
    unlink(link_path);
    assert_int_equal(status_view_read("/dev/zero", &view, error), -EBADMSG);
    assert_string_equal(error, "/dev/zero: must be a regular file");
    alarm(0);
}

/* As systemd has it with DynamicUser=. */
static void test_directory_may_be_a_link(void **state) {
    char link_path[80], path[128];
    json_t *root = complete();

    (void)state;
    snprintf(link_path, sizeof link_path, "%s-link", directory);
    assert_int_equal(symlink(directory, link_path), 0);
    assert_int_equal(read_json(root), 0);
    json_decref(root);
    snprintf(path, sizeof path, "%s/" STATUS_FILE_NAME, link_path);
    int result = status_view_read(path, &view, error);
    unlink(link_path);
    assert_int_equal(result, 0);
}

/* A path can be longer than the error. */
static void test_long_path(void **state) {
    CLEANUP_FREE char *path = repeat("/nonexistent/",
                                     "\x1b"
                                     "01234567/",
                                     300, "status.json");

    (void)state;
    assert_int_equal(status_view_read(path, &view, error), -ENOENT);
    assert_non_null(strstr(error, "/?01234567/"));
    assert_non_null(strstr(error, ": No such file or directory"));
}

/* Whatever byte of a file is another, whatever end it has lost: it is read or refused, never more. */
static void test_every_damage(void **state) {
    json_t *root = complete();
    CLEANUP_FREE char *text = json_dumps(root, 0);
    static const char bytes[] = {'"', '9', '\xFF'};
    size_t length = strlen(text), refused = 0;

    (void)state;
    json_decref(root);
    for (size_t i = 0; i < length; i++)
        refused += read_bytes(text, i) == -EBADMSG;
    assert_int_equal(refused, length);
    for (size_t i = 0; i < length; i++)
        for (size_t j = 0; j < sizeof bytes; j++) {
            char was = text[i];
            text[i] = bytes[j];
            int result = read_bytes(text, length);
            if (result != 0)
                check_row("damaged", result, -EBADMSG);
            text[i] = was;
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_syntax),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_too_deep),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_directory_may_be_a_link),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_every_damage),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
