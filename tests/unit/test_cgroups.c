/* SPDX-License-Identifier: MIT */
#include "cgroups.h"

#include "tree.h"
#include "util.h"

#define SECOND USEC_PER_SEC

/* A cgroup of a tree of the test's own. @return its id */
static uint64_t make_cgroup(const struct tree *tree, const char *path) {
    char full[512];
    struct stat status;

    tree_path(tree, path, full);
    for (char *slash = full + strlen(tree->root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0755);
        *slash = '/';
    }
    if (mkdir(full, 0755) < 0 || stat(full, &status) < 0)
        fail_msg("%s: %s", full, strerror(errno));
    return status.st_ino;
}

static void remove_cgroup(const struct tree *tree, const char *path) {
    char full[512];

    tree_path(tree, path, full);
    assert_int_equal(rmdir(full), 0);
}

/* Asks once, as a tick does. @return whether the unit is known */
static bool ask(struct cgroups *cgroups, uint64_t now_usec, uint64_t id, char unit[UNIT_SIZE]) {
    cgroups_want(cgroups, now_usec, id);
    cgroups_walk(cgroups, now_usec);
    return cgroups_unit(cgroups, id, unit);
}

static void check_unit(struct cgroups *cgroups, uint64_t now_usec, uint64_t id, const char *wanted) {
    char unit[UNIT_SIZE];

    assert_true(ask(cgroups, now_usec, id, unit));
    assert_string_equal(unit, wanted);
}

static void check_unknown(struct cgroups *cgroups, uint64_t now_usec, uint64_t id) {
    char unit[UNIT_SIZE] = "left over";

    assert_false(ask(cgroups, now_usec, id, unit));
    assert_string_equal(unit, "");
}

static struct cgroups *cgroups_of(const struct tree *tree) {
    struct cgroups *cgroups = cgroups_new(tree->root, USEC_PER_SEC);

    assert_non_null(cgroups);
    return cgroups;
}

static void found_at_once(void **state) {
    const struct tree *tree = *state;
    uint64_t web = make_cgroup(tree, "system.slice/nginx.service");
    uint64_t app = make_cgroup(tree, "user.slice/user-1.slice/user@1.service/app.slice/a.service/deep/er");
    struct cgroups *cgroups = cgroups_of(tree);
    struct stat top;

    assert_int_equal(stat(tree->root, &top), 0);
    check_unit(cgroups, SECOND, web, "nginx.service");
    check_unit(cgroups, SECOND, app, "user@1.service/a.service"); /* met by the same walk */
    check_unit(cgroups, SECOND, top.st_ino, "");
    check_unknown(cgroups, SECOND, 0);
    cgroups_free(cgroups);
}

static void nothing_there(void **state) {
    char unit[UNIT_SIZE];
    static const char *const directories[] = {NULL, "/nowhere/at/all"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
        struct cgroups *cgroups = cgroups_new(directories[i], SECOND);
        assert_non_null(cgroups);
        assert_false(ask(cgroups, SECOND, 7, unit));
        assert_string_equal(unit, "");
        cgroups_free(cgroups);
    }
}

/* Between the sample and the look-up: what an earlier walk met keeps its name, the rest is unknown. */
static void gone(void **state) {
    const struct tree *tree = *state;
    uint64_t stays = make_cgroup(tree, "stays.service");
    uint64_t asked = make_cgroup(tree, "asked.service"), met = make_cgroup(tree, "met.service");
    struct cgroups *cgroups = cgroups_of(tree);

    check_unit(cgroups, SECOND, asked, "asked.service");
    remove_cgroup(tree, "asked.service");
    remove_cgroup(tree, "met.service");
    check_unit(cgroups, 100 * SECOND, asked, "asked.service");
    check_unit(cgroups, 200 * SECOND, met, "met.service");
    check_unit(cgroups, 200 * SECOND, stays, "stays.service");
    check_unknown(cgroups, 300 * SECOND, UINT64_C(0xFFFFFFFFFFFF));
    cgroups_free(cgroups);
}

/* One walk may come early, so that the unit of a service that has just started is in the first alert. */
static void new_cgroup_waits_for_the_next_walk(void **state) {
    const struct tree *tree = *state;
    uint64_t old = make_cgroup(tree, "old.service");
    struct cgroups *cgroups = cgroups_of(tree);

    check_unit(cgroups, SECOND, old, "old.service");
    uint64_t young = make_cgroup(tree, "young.service");
    check_unknown(cgroups, SECOND, young);
    check_unit(cgroups, 2 * SECOND, young, "young.service");
    uint64_t youngest = make_cgroup(tree, "youngest.service");
    check_unknown(cgroups, 3 * SECOND, youngest);
    check_unknown(cgroups, 5 * SECOND, youngest);
    check_unit(cgroups, 1000 * SECOND, youngest, "youngest.service");
    cgroups_free(cgroups);
}

/* What a whole walk did not meet is not looked for at every chance. */
static void absent_is_remembered(void **state) {
    const struct tree *tree = *state;
    struct cgroups *cgroups = cgroups_of(tree);
    uint64_t removed = make_cgroup(tree, "late.service");
    char from[512], to[512];

    tree_path(tree, "late.service", from);
    snprintf(to, sizeof to, "%s-aside", tree->root);
    assert_int_equal(rename(from, to), 0);
    check_unknown(cgroups, SECOND, removed);
    assert_int_equal(rename(to, from), 0);
    check_unknown(cgroups, 30 * SECOND, removed);
    check_unit(cgroups, 100 * SECOND, removed, "late.service");
    cgroups_free(cgroups);
}

static void odd_names(void **state) {
    const struct tree *tree = *state;
    char name[256], path[300];
    static const char odd[] = "a\n\x1b[31m%s\\x2d\xff.service";

    memset(name, 'n', sizeof name);
    memcpy(name + 255 - strlen(".service"), ".service", sizeof ".service");
    snprintf(path, sizeof path, "x.slice/%s", name);
    uint64_t longest = make_cgroup(tree, path), strange = make_cgroup(tree, odd);
    struct cgroups *cgroups = cgroups_of(tree);
    check_unit(cgroups, SECOND, longest, name);
    check_unit(cgroups, SECOND, strange, odd);
    cgroups_free(cgroups);
}

/* Nobody can make the walk run away by nesting. */
static void too_deep(void **state) {
    const struct tree *tree = *state;
    struct stat status = {0};
    uint64_t id[40];
    int directory = open(tree->root, O_PATH | O_CLOEXEC);

    for (size_t i = 0; i < ARRAY_SIZE(id); i++) {
        assert_int_equal(mkdirat(directory, "deep.slice", 0755), 0);
        int below = openat(directory, "deep.slice", O_PATH | O_CLOEXEC);
        assert_int_equal(fstat(below, &status), 0);
        id[i] = status.st_ino;
        close(directory);
        directory = below;
    }
    close(directory);
    struct cgroups *cgroups = cgroups_of(tree);
    check_unit(cgroups, SECOND, id[31], "deep.slice");
    check_unknown(cgroups, SECOND, id[32]);
    check_unknown(cgroups, 1000 * SECOND, id[39]);
    cgroups_free(cgroups);
}

enum { MANY = 5000 };

static void make_many(const struct tree *tree, uint64_t id[MANY]) {
    struct stat status;
    char path[64], full[512];

    for (size_t i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, i % 50 > 0 ? "s%zu.slice/u%zu.service" : "s%zu.slice", i / 50, i);
        tree_path(tree, path, full);
        assert_int_equal(mkdir(full, 0755), 0);
        assert_int_equal(stat(full, &status), 0);
        id[i] = status.st_ino;
    }
}

/* More than the cache holds: whatever is asked for is still found, walk after walk. */
static void many(void **state) {
    static uint64_t id[MANY];
    struct cgroups *cgroups = cgroups_of(*state);
    char wanted[64];

    make_many(*state, id);
    for (size_t i = 1; i < MANY; i += 97) {
        if (i % 50 == 0)
            continue;
        snprintf(wanted, sizeof wanted, "u%zu.service", i);
        check_unit(cgroups, 1000 * SECOND * i, id[i], wanted);
    }
    check_unit(cgroups, 1000 * SECOND * MANY, id[1], "u1.service");
    cgroups_free(cgroups);
}

static size_t count_known(const struct cgroups *cgroups, const uint64_t *id, size_t count) {
    char unit[UNIT_SIZE];
    size_t known = 0;

    for (size_t i = 0; i < count; i++)
        known += cgroups_unit(cgroups, id[i], unit);
    return known;
}

/* What a walk meets by the way takes no place from what was asked for. */
static void asked_for_stays(void **state) {
    static uint64_t id[MANY];
    struct cgroups *cgroups = cgroups_of(*state);
    enum { ASKED = 1100 };

    make_many(*state, id);
    for (size_t i = 0; i < ASKED; i++)
        cgroups_want(cgroups, SECOND, id[i]);
    cgroups_walk(cgroups, SECOND);
    size_t known = count_known(cgroups, id, ASKED);
    assert_in_range(known, 900, 1024);
    check_unit(cgroups, 1000 * SECOND, id[MANY - 1], "u4999.service");
    assert_in_range(count_known(cgroups, id, ASKED), known - 1, known);
    cgroups_free(cgroups);
}

/* Asked for while a walk is under way: the next one finds what this one has passed. */
static void asked_in_the_middle(void **state) {
    struct cgroups *cgroups = cgroups_new(*state, 1);
    uint64_t id[2] = {make_cgroup(*state, "a.slice"), make_cgroup(*state, "b.slice")}, now = SECOND;
    char unit[UNIT_SIZE];

    for (size_t i = 0; i < 40; i++) {
        snprintf(unit, sizeof unit, "%c.slice/%zu.service", i % 2 ? 'a' : 'b', i);
        make_cgroup(*state, unit);
    }
    check_unknown(cgroups, now, UINT64_C(0xFFFFFFFFFFFF));
    bool a_first = cgroups_unit(cgroups, id[0], unit);
    while (count_known(cgroups, id, 2) < 2 && now < 100 * SECOND)
        cgroups_walk(cgroups, now += SECOND);
    /* In the second slice: the first one is behind the walk. */
    uint64_t late = make_cgroup(*state, a_first ? "a.slice/late.service" : "b.slice/late.service");
    check_unknown(cgroups, now, late);
    while (!ask(cgroups, now, late, unit) && now < 1000 * SECOND)
        now += SECOND;
    assert_string_equal(unit, "late.service");
    cgroups_free(cgroups);
}

/* A walk that is cut goes on at the next tick, and not sooner. */
static void cut_walk_goes_on(void **state) {
    static uint64_t id[MANY];
    struct cgroups *cgroups = cgroups_new(*state, 1);
    char unit[UNIT_SIZE];
    size_t ticks = 0, known = 0;

    make_many(*state, id);
    for (uint64_t now = SECOND; known < 40 && ticks < 2 * MANY; ticks++, now += SECOND) {
        known = 0;
        for (size_t i = 1; i < MANY; i += 125) {
            cgroups_want(cgroups, now, id[i]);
            cgroups_walk(cgroups, now);
            known += cgroups_unit(cgroups, id[i], unit);
        }
    }
    assert_int_equal(known, 40);
    assert_in_range(ticks, MANY / 8, MANY + 1); /* a directory or a few at a time */
    cgroups_free(cgroups);
}

static void freed_in_the_middle(void **state) {
    struct cgroups *cgroups = cgroups_new(*state, 1);

    make_cgroup(*state, "a.slice/b.slice/c.service");
    make_cgroup(*state, "d.slice/e.slice/f.service");
    check_unknown(cgroups, SECOND, UINT64_C(0xFFFFFFFFFFFF));
    assert_null(cgroups_free(cgroups));
    assert_null(cgroups_free(NULL));
}

static void no_cgroup2_here(void **state) {
    const struct tree *tree = *state;

    make_cgroup(tree, "unified");
    assert_null(cgroup2_directory(tree->root));
    assert_null(cgroup2_directory("/nowhere/at/all"));
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        in_tree(found_at_once),
        cmocka_unit_test(nothing_there),
        in_tree(gone),
        in_tree(new_cgroup_waits_for_the_next_walk),
        in_tree(absent_is_remembered),
        in_tree(odd_names),
        in_tree(too_deep),
        in_tree(many),
        in_tree(asked_for_stays),
        in_tree(asked_in_the_middle),
        in_tree(cut_walk_goes_on),
        in_tree(freed_in_the_middle),
        in_tree(no_cgroup2_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
