/* SPDX-License-Identifier: MIT */
/* How the daemon comes by its figures, and what that costs. */
#include <inttypes.h>
#include <string.h>

#include "status_print.h"
#include "util.h"

#define LINE_SIZE 512

static void print_half_open(const struct page *page, const struct status_view *view) {
    char age[AGE_TEXT_SIZE], line[LINE_SIZE];
    struct text text = text_in(line, sizeof line);

    if (!view->half_open.known)
        return;
    age_format(view->half_open.age_usec, age);
    if (view->half_open.by_iterator)
        text_put_string(&text, "counted at each tick, by the BPF iterator");
    else
        text_put_string(&text, "counted by the walk alone, see synwaitd-bpf(8)");
    if (figure_known(view->half_open.age_usec))
        text_add(&text, "; %s old", age);
    if (view->half_open.iterator_fails[0] != '\0')
        text_add(&text, "; %s", view->half_open.iterator_fails);
    status_print_field(page, "half-open", line);
}

/* The walk counts the sockets. */
static void print_walk(const struct page *page, const struct status_view *view) {
    char age[AGE_TEXT_SIZE], spent[AGE_TEXT_SIZE], wait[AGE_TEXT_SIZE], line[LINE_SIZE];
    struct text text = text_in(line, sizeof line);

    if (!view->walk.known)
        return;
    age_format(view->walk.age_usec, age);
    age_format(FIGURE_OF(view->walk.budget_allows_in_usec), wait);
    snprintf(spent, sizeof spent, "%" PRIu64 ".%" PRIu64 " ms", view->walk.cpu_usec / USEC_PER_MSEC,
             view->walk.cpu_usec % USEC_PER_MSEC / 100);
    if (figure_known(view->walk.age_usec))
        text_add(&text, "%s ago, %" PRIu64 " so far, %s of CPU time for the last", age, view->walk.count,
                 spent);
    else
        text_put_string(&text, "none yet");
    if (view->walk.overdue)
        text_add(&text, "; overdue: sampling.cpu-budget allows the next in %s", wait);
    status_print_field(page, "walk", line);
}

static void print_ports(const struct page *page, const struct status_view *view) {
    char age[AGE_TEXT_SIZE], line[LINE_SIZE];

    if (!figure_known(view->ports_age_usec))
        return;
    age_format(view->ports_age_usec, age);
    snprintf(line, sizeof line, "by destination, looked at %s ago", age);
    status_print_field(page, "ports", line);
}

/* Of one core, since the start; ticks are taken for as long as the present interval. */
static void add_share(struct text *text, const struct status_view *view) {
    uint64_t wall_usec;

    if (view->ticks == 0 || view->interval_usec == 0 ||
        __builtin_mul_overflow(view->ticks + view->missed_ticks, view->interval_usec, &wall_usec))
        return;
    uint32_t share = permyriad_of(view->cpu_usec, wall_usec);
    text_add(text, "%" PRIu32 ".%02" PRIu32 "%% of a core since the start: ", share / 100, share % 100);
}

static void print_cost(const struct page *page, const struct status_view *view) {
    char interval[AGE_TEXT_SIZE], line[LINE_SIZE];
    struct text text = text_in(line, sizeof line);

    age_format(FIGURE_OF(view->interval_usec), interval);
    add_share(&text, view);
    text_add(&text, "%" PRIu64 ".%02" PRIu64 " s of CPU time in %" PRIu64 " tick%s",
             view->cpu_usec / USEC_PER_SEC, view->cpu_usec % USEC_PER_SEC / 10000, view->ticks,
             view->ticks == 1 ? "" : "s");
    if (view->interval_usec > 0)
        text_add(&text, ", one each %s", interval);
    text_add(&text, "; %" PRIu64 " missed", view->missed_ticks);
    if (view->alerts_dropped > 0)
        text_add(&text, "; %" PRIu64 " alerts dropped", view->alerts_dropped);
    status_print_field(page, "own cost", line);
}

static void print_degraded(const struct page *page, const struct status_view *view) {
    char line[LINE_SIZE];

    for (size_t i = 0; i < view->degraded_count; i++) {
        snprintf(line, sizeof line, "%s: %s", view->degraded[i].source, view->degraded[i].reason);
        status_print_field(page, i == 0 ? "degraded" : "", line);
    }
}

void status_print_sampling(const struct page *page, const struct status_view *view) {
    page_heading(page, "Sampling");
    print_half_open(page, view);
    print_walk(page, view);
    print_ports(page, view);
    print_cost(page, view);
    print_degraded(page, view);
}
