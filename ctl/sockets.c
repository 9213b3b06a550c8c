/* SPDX-License-Identifier: MIT */
/* synwaitctl sockets: which sockets there are, in what state, since when, and whose. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "decimal.h"
#include "socket_filter.h"
#include "socket_list.h"
#include "socket_query.h"
#include "socket_view.h"
#include "util.h"

#define LIMIT_DEFAULT 1000

/* Not there before Linux 6.5: then none. */
static unsigned int read_syn_linear_timeouts(void) {
    char text[16];
    uint64_t value;
    int length = read_file_at(AT_FDCWD, "/proc/sys/net/ipv4/tcp_syn_linear_timeouts", text, sizeof text);

    if (length <= 0 || decimal_parse(text, strcspn(text, "\n"), &value) < 0 || value > UINT8_MAX)
        return 0;
    return (unsigned int)value;
}

/* What root would add is told to people alone. */
static void tell_what_is_missing(const struct socket_list *list) {
    size_t missing = list->holder_count - list->pass.found;

    if (missing > 0 && list->pass.cut)
        fprintf(stderr, "The search for processes was given up: it took too long. %zu sockets are without.\n",
                missing);
    else if (missing > 0 && list->pass.denied > 0 && isatty(STDERR_FILENO))
        fprintf(stderr, "As root it would also name the processes of %zu more sockets.\n", missing);
}

static void tell_how_many_more(const struct ctl *ctl, const struct socket_list *list) {
    uint64_t more = list->matching - list->count;

    if (more > 0)
        fprintf(ctl->json ? stderr : stdout, "and %" PRIu64 " more; --limit 0 shows all\n", more);
}

static int show(const struct ctl *ctl, struct socket_list *list, struct sock_diag *diag) {
    int result = socket_list_read(list, diag);

    if (result == 0)
        result = socket_list_find_holders(list, "/proc");
    if (result == 0 && ctl->json)
        result = socket_view_print_json(list);
    else if (result == 0 && list->count == 0)
        page_paragraph(&ctl->page, "There is no such socket.", 0);
    else if (result == 0)
        result = socket_view_print_table(&ctl->page, list);
    if (result < 0)
        return socket_query_failed(&verb_sockets, result);
    tell_how_many_more(ctl, list);
    fflush(stdout);
    tell_what_is_missing(list);
    return CTL_OK;
}

static int run(struct ctl *ctl, int argc, char **argv) {
    struct socket_filter filter = {0};
    uint64_t limit = LIMIT_DEFAULT;
    struct verb_option options[SOCKET_FILTER_OPTIONS + 1];
    int code;

    socket_filter_options(&filter, options);
    options[SOCKET_FILTER_OPTIONS] = (struct verb_option){.letter = 'n',
                                                          .name = "limit",
                                                          .argument = "N",
                                                          .help = "at most so many (default: 1000; 0: all)",
                                                          .parse = ctl_parse_count,
                                                          .allowed = CTL_ALLOWED_COUNT,
                                                          .target = &limit};
    if (!ctl_parse(ctl, &verb_sockets, options, ARRAY_SIZE(options), argc, argv, &code))
        return code;
    CLEANUP_QUERY struct socket_query query = {0};
    code = socket_query_open(&query, &verb_sockets);
    if (code != CTL_OK)
        return code;
    struct socket_list list = {
        .filter = &filter,
        .names = query.names,
        .syn_linear_timeouts = read_syn_linear_timeouts(),
        .limit = limit <= UINT32_MAX ? (size_t)limit : 0, /* more than there can be */
    };
    code = show(ctl, &list, query.diag);
    socket_list_release(&list);
    return code;
}

const struct verb verb_sockets = {
    .name = "sockets",
    .summary = "list sockets: state, addresses, queues, age, process and unit",
    .json = true,
    .run = run,
};
