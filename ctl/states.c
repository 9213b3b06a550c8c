/* SPDX-License-Identifier: MIT */
/* synwaitctl states: how many sockets are in which state, in total or by what they have in common. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "ctl.h"
#include "listener_queues.h"
#include "sampler.h"
#include "socket_filter.h"
#include "socket_groups.h"
#include "socket_query.h"
#include "states_view.h"
#include "util.h"

#define LIMIT_DEFAULT 20

/* What is counted, and how. */
struct count {
    struct socket_filter filter;
    enum states_by by;
    struct socket_names *names; /* with its listeners */
    struct socket_groups *groups;
};

static int parse_by(const char *text, void *target) {
    return states_by_parse(text, target);
}

static struct group_key key_of(struct count *count, const struct diag_socket *socket, uint32_t unit) {
    switch (count->by) {
    case STATES_BY_PORT:
        return group_key_by_port(socket, socket_names_listens(count->names, socket->local.port));
    case STATES_BY_PEER:
        return group_key_by_peer(socket);
    case STATES_BY_UNIT:
        return group_key_by_unit(unit);
    case STATES_BY_FAMILY:
        return group_key_by_family(socket);
    case STATES_TOTAL:
        break;
    }
    return (struct group_key){0};
}

static void take(const struct diag_socket *socket, void *context) {
    struct count *count = context;
    bool guessed;
    uint32_t unit = UNIT_NOT_TOLD;

    if (!socket_filter_match(&count->filter, socket))
        return;
    if (count->by == STATES_BY_UNIT || count->filter.unit)
        unit = socket_names_unit(count->names, socket, &guessed);
    if (!socket_filter_match_unit(&count->filter, socket_names_text(count->names, unit)))
        return;
    struct group_key key = key_of(count, socket, unit);
    socket_groups_count(count->groups, &key, socket->state);
}

static void forget(void *context) {
    const struct count *count = context;

    socket_groups_clear(count->groups);
}

static int dump(const struct ctl *ctl, struct count *count, size_t limit) {
    CLEANUP_QUERY struct socket_query query = {0};
    CLEANUP_GROUPS struct socket_groups *groups = socket_groups_new(SOCKET_GROUPS_MAX);
    const struct diag_request request = socket_filter_request(&count->filter);
    int code = socket_query_open(&query, &verb_states);

    if (code != CTL_OK)
        return code;
    if (!groups)
        return socket_query_failed(&verb_states, -ENOMEM);
    count->names = query.names;
    count->groups = groups;
    int result = sock_diag_dump(query.diag, &request, take, forget, count);
    if (result < 0)
        return socket_query_failed(&verb_states, result);
    if (count->by == STATES_TOTAL) {
        struct socket_group sum = socket_groups_sum(groups);
        return states_view_print_total(ctl, &verb_states, &sum, count->filter.state_mask);
    }
    return states_view_print_groups(ctl, &verb_states, count->by, groups, query.names, limit);
}

/* Only what the daemon samples at each tick: no port or survey of a state is to be looked at. */
static void leave_out_extras(struct config *config) {
    config_defaults(config);
    for (int i = 0; i < CONDITION_COUNT; i++)
        config->rule[i].enabled = false;
}

/*
 * The daemon's way: ESTABLISHED and TIME-WAIT, of which there may be a million, come from the kernel's own
 * counters, and only the rest is dumped.
 * @return whether each state is known
 */
static bool count_cheaply(struct socket_group *total) {
    char queues[PATH_MAX];
    CLEANUP_SAMPLER struct sampler *sampler =
        sampler_new("/proc", listener_queues_find(RUNTIME_DIRECTORY, queues));
    struct config config;

    if (!sampler)
        return false;
    leave_out_extras(&config);
    const struct sample *sample = sampler_take(sampler, &config, false);
    for (int state = STATE_ESTABLISHED; state < STATE_COUNT; state++) {
        if (state == STATE_CLOSED)
            continue;
        if (!figure_known(sample->state[state]) || sample->state[state].value > UINT32_MAX)
            return false;
        total->state[state] = (uint32_t)sample->state[state].value;
        total->total += total->state[state];
    }
    return true;
}

static int run(struct ctl *ctl, int argc, char **argv) {
    struct count count = {.by = STATES_TOTAL};
    uint64_t limit = LIMIT_DEFAULT;
    struct socket_group total = {0};
    struct verb_option options[SOCKET_FILTER_OPTIONS + 2] = {
        {.letter = 'b',
         .name = "by",
         .argument = "WHAT",
         .help = "a row for each port, peer, unit or family",
         .parse = parse_by,
         .allowed = "must be port, peer, unit or family",
         .target = &count.by},
        {.letter = 'n',
         .name = "limit",
         .argument = "N",
         .help = "with --by: at most so many rows (default: 20; 0: all)",
         .parse = ctl_parse_count,
         .allowed = CTL_ALLOWED_COUNT,
         .target = &limit},
    };
    int code;

    socket_filter_options(&count.filter, options + 2);
    if (!ctl_parse(ctl, &verb_states, options, ARRAY_SIZE(options), argc, argv, &code))
        return code;
    if (count.by == STATES_TOTAL && socket_filter_is_empty(&count.filter) && count_cheaply(&total))
        return states_view_print_total(ctl, &verb_states, &total, 0);
    return dump(ctl, &count, limit <= UINT32_MAX ? (size_t)limit : 0);
}

const struct verb verb_states = {
    .name = "states",
    .summary = "count sockets by state, in total or by port, peer, unit or family",
    .json = true,
    .run = run,
};
