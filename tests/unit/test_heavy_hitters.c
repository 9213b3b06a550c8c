/* SPDX-License-Identifier: MIT */
#include "case.h"

#include "heavy_hitters.h"
#include "util.h"

enum { SLOTS = 64, KEYS = 20000 };

static struct heavy_slot memory[SLOTS];
static struct heavy_hitters sketch;
static uint32_t truth[KEYS];

static struct heavy_key key_of(uint64_t number) {
    return (struct heavy_key){{[1] = number}};
}

static size_t count(uint64_t number) {
    const struct heavy_key key = key_of(number);

    return heavy_hitters_count(&sketch, &key);
}

static void start(size_t slots, uint64_t seed) {
    memset(memory, 0, sizeof memory);
    heavy_hitters_init(&sketch, memory, slots, seed);
}

/* A small generator, the same on every host. */
static uint32_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static uint64_t harmonic(uint64_t *state) {
    return KEYS / (1 + next_random(state) % KEYS);
}

static uint64_t uniform(uint64_t *state) {
    return next_random(state) % KEYS;
}

static uint64_t one_in_two(uint64_t *state) {
    return next_random(state) % 2 ? 77 : uniform(state);
}

static uint64_t few(uint64_t *state) {
    return next_random(state) % SLOTS;
}

/* What the paper promises: no count too low, none too high by more than its error, no error above
   stream / slots, and a slot for every key that is more frequent than that. */
static void check_bounds(const char *name, uint64_t stream) {
    uint64_t sum = 0;
    bool has_slot[KEYS] = {0};

    for (size_t i = 0; i < sketch.used; i++) {
        uint64_t number = memory[i].key.word[1];
        assert_true(number < KEYS);
        check_row(name, has_slot[number], false);
        has_slot[number] = true;
        sum += memory[i].count;
        check_row(name, memory[i].count >= truth[number], true);
        check_row(name, memory[i].count - memory[i].error <= truth[number], true);
        check_row(name, memory[i].error <= stream / sketch.slots, true);
    }
    check_row(name, sum, stream);
    for (size_t number = 0; number < KEYS; number++)
        if (truth[number] > stream / sketch.slots)
            check_row(name, has_slot[number], true);
}

static void test_bounds(void **state) {
    static const struct {
        const char *name;
        uint64_t (*draw)(uint64_t *state);
        size_t slots;
        uint64_t seed;
    } rows[] = {
        {"harmonic", harmonic, SLOTS, 0},     {"uniform", uniform, SLOTS, 1},
        {"one in two", one_in_two, SLOTS, 2}, {"as many as slots", few, SLOTS, 3},
        {"odd", one_in_two, 63, 4},           {"two slots", one_in_two, 2, 5},
        {"one slot", harmonic, 1, 6},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t random = i;
        start(rows[i].slots, rows[i].seed);
        for (int round = 0; round < 2; round++) { /* the second after a reset */
            memset(truth, 0, sizeof truth);
            for (uint64_t stream = 1; stream <= 30000; stream++) {
                uint64_t number = rows[i].draw(&random) % KEYS;
                truth[number]++;
                count(number);
                if (stream % 3000 == 0)
                    check_bounds(rows[i].name, stream);
            }
            heavy_hitters_reset(&sketch);
            check_row(rows[i].name, sketch.used, 0);
            for (size_t j = 0; j < SLOTS; j++)
                check_row(rows[i].name, memory[j].first, 0);
        }
    }
}

static void test_slots(void **state) {
    (void)state;
    start(2, 9);
    size_t first = count(1);
    assert_true(heavy_hitters_is_new(&sketch, first));
    assert_int_equal(count(1), first);
    assert_false(heavy_hitters_is_new(&sketch, first));
    size_t second = count(2);
    assert_true(second != first && heavy_hitters_is_new(&sketch, second));
    assert_int_equal(count(3), second); /* takes over the least, with its count */
    assert_true(heavy_hitters_is_new(&sketch, second));
    assert_int_equal(memory[second].count, 2);
    assert_int_equal(memory[second].error, 1);
    assert_int_equal(count(3), second);
    assert_false(heavy_hitters_is_new(&sketch, second));
}

/* Every word of the key tells keys apart. */
static void test_words(void **state) {
    (void)state;
    start(SLOTS, 0);
    for (size_t word = 0; word < HEAVY_KEY_WORDS; word++)
        for (unsigned int bit = 0; bit < 64; bit += 9) {
            struct heavy_key key = {{0}};
            key.word[word] = UINT64_C(1) << bit;
            heavy_hitters_count(&sketch, &key);
        }
    assert_int_equal(sketch.used, HEAVY_KEY_WORDS * 8);
}

static size_t longest_chain(void) {
    size_t longest = 0;

    for (size_t i = 0; i < SLOTS; i++) {
        size_t length = 0;
        for (uint16_t link = memory[i].first; link != 0; link = memory[link - 1].next)
            length++;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Keys that share a chain under one seed are spread under another. */
static void test_seed(void **state) {
    uint64_t chosen[SLOTS];
    size_t found = 0;

    (void)state;
    for (uint64_t number = 0; found < SLOTS; number++) {
        start(SLOTS, 1);
        count(number);
        if (memory[0].first != 0)
            chosen[found++] = number;
    }
    for (uint64_t seed = 1; seed < 20; seed++) {
        start(SLOTS, seed);
        for (size_t i = 0; i < SLOTS; i++)
            count(chosen[i]);
        if (seed == 1)
            assert_int_equal(longest_chain(), SLOTS);
        else
            assert_true(longest_chain() < SLOTS / 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
