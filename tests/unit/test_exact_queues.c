/* SPDX-License-Identifier: MIT */
/* Listeners that came with their half-open counts, and a walk over them. */
#include "case.h"

#include "state_walk.h"
#include "util.h"

static struct state_walk walk;
static struct config config;

static int make_walk(void **state) {
    (void)state;
    return state_walk_init(&walk) < 0 ? -1 : 0;
}

static int release_walk(void **state) {
    (void)state;
    state_walk_release(&walk);
    return 0;
}

#define ANY_80                                                                                               \
    { .family = ENDPOINT_IPV4, .port = 80 }

static void add_member(void) {
    const struct listener listener = {.local = ANY_80, .members = 1, .backlog = 5};

    assert_int_equal(state_walk_add_listener(&walk, &listener), 0);
}

/* With the iterator's counts the walk fills in only what it alone can tell. */
static void test_exact_queues(void **state) {
    const struct listener previous[] = {
        {.local = ANY_80,
         .half_open = 9,
         .half_open_fresh = 8,
         .half_open_walked = 7,
         .half_open_deferred = 2,
         .half_open_old = 3},
    };
    static const struct {
        const char *name;
        uint32_t half_open, young, deferred, fresh;
    } rows[] = {
        {"none", 0, 0, 0, 0},
        {"all young", 20, 20, 0, 20},
        {"none young", 20, 0, 0, 0},
        {"deferred are fresh", 20, 5, 10, 15},
        {"an old walk saw more", 20, 15, 10, 20},
        {"numbers beyond 32 bits", UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
    };

    (void)state;
    walk.exact_queues = true;
    add_member();
    add_member();
    walk.listener[0].half_open = 20;
    walk.listener[0].half_open_fresh = 6;
    walk.listener[1].half_open = 11;
    walk.listener[1].half_open_fresh = 5;
    state_walk_sort_listeners(&walk, previous, ARRAY_SIZE(previous));
    check_row("members are added up", walk.listener[0].half_open, 31);
    check_row("members are added up", walk.listener[0].half_open_fresh, 11);
    check_row("carried over", walk.listener[0].half_open_walked, 7);
    check_row("carried over", walk.listener[0].half_open_old, 3);
    check_row("all listeners", state_walk_half_open(&walk), 31);
    state_walk_begin(&walk, &config, 5);
    const struct diag_socket socket = {
        .state = STATE_SYN_RECV,
        .request = true,
        .local = {.address = {10, 0, 0, 1}, .family = ENDPOINT_IPV4, .port = 80}};
    state_walk_count(&walk, &socket);
    check_row("left alone by a walk", walk.listener[0].half_open, 31);
    check_row("left alone by a walk", walk.listener[0].half_open_fresh, 11);
    check_row("walked", walk.listener[0].half_open_walked, 1);
    check_row("old", walk.listener[0].half_open_old, 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        walk.listener[0].half_open = rows[i].half_open;
        walk.listener[0].half_open_fresh = rows[i].young;
        walk.listener[0].half_open_deferred = rows[i].deferred;
        state_walk_settle_queues(&walk);
        check_row(rows[i].name, walk.listener[0].half_open_fresh, rows[i].fresh);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_queues),
    };

    return cmocka_run_group_tests(tests, make_walk, release_walk);
}
