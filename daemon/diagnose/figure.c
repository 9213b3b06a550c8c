/* SPDX-License-Identifier: MIT */
#include "figure.h"

bool figure_known(struct figure figure) {
    return figure.status == FIGURE_KNOWN;
}

uint64_t figure_or(struct figure figure, uint64_t fallback) {
    return figure_known(figure) ? figure.value : fallback;
}

struct figure figure_add(struct figure a, struct figure b) {
    if (!figure_known(a))
        return a;
    if (!figure_known(b))
        return b;
    return FIGURE_OF(a.value + b.value);
}

struct figure figure_subtract(struct figure a, struct figure b) {
    if (!figure_known(a))
        return a;
    if (!figure_known(b))
        return b;
    return FIGURE_OF(a.value > b.value ? a.value - b.value : 0);
}

struct figure figure_increase(struct figure previous, struct figure current) {
    const uint64_t span = 1ULL << 32;

    if (!figure_known(previous) || !figure_known(current))
        return FIGURE_NONE;
    if (current.value >= previous.value)
        return FIGURE_OF(current.value - previous.value);
    if (previous.value < span && previous.value >= span / 4 * 3 && current.value < span / 4)
        return FIGURE_OF(span - previous.value + current.value);
    return FIGURE_NONE;
}

struct figure figure_per_second(struct figure count, uint64_t span_usec) {
    const uint64_t second = 1000000;

    if (!figure_known(count))
        return count;
    if (span_usec == 0)
        return FIGURE_NONE;
    uint64_t whole = count.value / span_usec;
    uint64_t rest = count.value % span_usec;
    return FIGURE_OF(whole * second + (rest * second + span_usec / 2) / span_usec);
}

uint32_t permyriad_of(uint64_t part, uint64_t whole) {
    const uint64_t unit = 10000;

    if (whole == 0)
        return 0;
    uint64_t ratio = part / whole > UINT32_MAX / unit ? UINT32_MAX : part / whole * unit;
    uint64_t rest = part % whole;
    /* Halve both until the product fits; only ratios of numbers beyond 2^50 lose precision. */
    while (rest > UINT64_MAX / unit) {
        rest >>= 1;
        whole >>= 1;
    }
    ratio += rest * unit / whole;
    return ratio > UINT32_MAX ? UINT32_MAX : (uint32_t)ratio;
}

uint64_t permyriad_apply(uint32_t permyriad, uint64_t whole) {
    const uint64_t unit = 10000;

    return whole / unit * permyriad + (whole % unit * permyriad + unit - 1) / unit;
}

uint64_t power_of_two_from(uint64_t value) {
    uint64_t power = 1;

    while (power < value && power < (1ULL << 62))
        power <<= 1;
    return power;
}
