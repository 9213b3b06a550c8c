/* SPDX-License-Identifier: MIT */
#include "timespan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "util.h"

#define SPACE  " \t\n\r"
#define DIGITS "0123456789"

#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR   (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY    (24 * USEC_PER_HOUR)
#define USEC_PER_WEEK   (7 * USEC_PER_DAY)
/* systemd.time(7): a month is 30.44 days, a year 365.25 days. */
#define USEC_PER_MONTH (2629800 * USEC_PER_SEC)
#define USEC_PER_YEAR  (31557600 * USEC_PER_SEC)

struct time_unit {
    const char *name;
    uint64_t usec;
};

/* Every name of systemd.time(7). */
static const struct time_unit units[] = {
    {"us", 1},
    {"usec", 1},
    {"\u00b5s", 1}, /* micro sign */
    {"\u03bcs", 1}, /* Greek mu, which looks the same */
    {"ms", USEC_PER_MSEC},
    {"msec", USEC_PER_MSEC},
    {"", USEC_PER_SEC},
    {"s", USEC_PER_SEC},
    {"sec", USEC_PER_SEC},
    {"second", USEC_PER_SEC},
    {"seconds", USEC_PER_SEC},
    {"m", USEC_PER_MINUTE},
    {"min", USEC_PER_MINUTE},
    {"minute", USEC_PER_MINUTE},
    {"minutes", USEC_PER_MINUTE},
    {"h", USEC_PER_HOUR},
    {"hr", USEC_PER_HOUR},
    {"hour", USEC_PER_HOUR},
    {"hours", USEC_PER_HOUR},
    {"d", USEC_PER_DAY},
    {"day", USEC_PER_DAY},
    {"days", USEC_PER_DAY},
    {"w", USEC_PER_WEEK},
    {"week", USEC_PER_WEEK},
    {"weeks", USEC_PER_WEEK},
    {"M", USEC_PER_MONTH},
    {"month", USEC_PER_MONTH},
    {"months", USEC_PER_MONTH},
    {"y", USEC_PER_YEAR},
    {"year", USEC_PER_YEAR},
    {"years", USEC_PER_YEAR},
};

static const char *skip_space(const char *text) {
    return text + strspn(text, SPACE);
}

/** One term of a sum, before its unit is known. */
struct term {
    const char *whole;
    const char *fraction;
    size_t whole_digits;
    size_t fraction_digits;
};

/* Reads "12", "1.5" or ".5" and moves @p text to where the unit begins. */
static bool read_number(const char **text, struct term *term) {
    const char *number = *text;
    size_t length = strspn(number, DIGITS);

    *term = (struct term){.whole = number, .whole_digits = length};
    if (number[length] == '.') {
        term->fraction = &number[length + 1];
        term->fraction_digits = strspn(term->fraction, DIGITS);
        length += 1 + term->fraction_digits;
        /* "5." is a slip, and so is "1.5.5s". */
        if (term->fraction_digits == 0 || number[length] == '.')
            return false;
    }
    *text = &number[length];
    return length > 0;
}

static const struct time_unit *find_unit(const char *name, size_t length) {
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (strlen(units[i].name) == length && memcmp(units[i].name, name, length) == 0)
            return &units[i];
    return NULL;
}

/* A fraction finer than a microsecond is cut off. */
static int term_usec(const struct term *term, uint64_t unit_usec, uint64_t *usec) {
    uint64_t whole = 0, fraction = 0;

    for (size_t i = 0; i < term->whole_digits; i++)
        if (__builtin_mul_overflow(whole, 10U, &whole) ||
            __builtin_add_overflow(whole, (unsigned)(term->whole[i] - '0'), &whole))
            return -ERANGE;
    if (__builtin_mul_overflow(whole, unit_usec, &whole))
        return -ERANGE;
    uint64_t place_usec = unit_usec;
    for (size_t i = 0; i < term->fraction_digits; i++) {
        place_usec /= 10;
        fraction += place_usec * (unsigned)(term->fraction[i] - '0');
    }
    return __builtin_add_overflow(whole, fraction, usec) ? -ERANGE : 0;
}

int timespan_parse(const char *text, uint64_t *usec) {
    uint64_t sum = 0;
    int range = 0;

    text = skip_space(text);
    if (*text == '\0')
        return -EINVAL;
    while (*text != '\0') {
        struct term term;
        uint64_t part = 0;

        if (!read_number(&text, &term))
            return -EINVAL;
        text = skip_space(text);
        size_t length = strcspn(text, SPACE "." DIGITS);
        const struct time_unit *unit = find_unit(text, length);
        if (!unit)
            return -EINVAL;
        text = skip_space(text + length);
        /* What is no time span at all is told as such even when an earlier term is too large. */
        if (term_usec(&term, unit->usec, &part) < 0 || __builtin_add_overflow(sum, part, &sum))
            range = -ERANGE;
    }
    if (range == 0)
        *usec = sum;
    return range;
}

void timespan_format(uint64_t usec, char text[TIMESPAN_TEXT_SIZE]) {
    static const struct time_unit steps[] = {
        {"w", USEC_PER_WEEK},
        {"d", USEC_PER_DAY},
        {"h", USEC_PER_HOUR},
        {"min", USEC_PER_MINUTE},
        {"s", USEC_PER_SEC},
        {"ms", USEC_PER_MSEC},
        {"us", 1},
    };
    struct text out = text_in(text, TIMESPAN_TEXT_SIZE);

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        if (usec < steps[i].usec)
            continue;
        text_add(&out, "%s%llu%s", out.length > 0 ? " " : "", (unsigned long long)(usec / steps[i].usec),
                 steps[i].name);
        usec %= steps[i].usec;
    }
    if (out.length == 0)
        text_add(&out, "0s");
}
