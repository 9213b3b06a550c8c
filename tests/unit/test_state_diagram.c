/* SPDX-License-Identifier: MIT */
/* The drawing is the table: its lines are followed from box to box. */
#include "case.h"

#include <stdlib.h>

#include "state_diagram.h"
#include "state_table.h"
#include "util.h"

#define CELLS       (DIAGRAM_ROWS * DIAGRAM_COLUMNS)
#define EDGES_MAX   64
#define OUTPUT_SIZE 32768

static char printed[OUTPUT_SIZE];

static struct figure distinct_counts[STATE_COUNT];

static void print_diagram(size_t width, bool unicode) {
    memset(printed, 0, sizeof printed);
    CLEANUP_FILE FILE *stream = fmemopen(printed, sizeof printed, "w");
    struct page page = {.stream = stream, .width = width};

    assert_non_null(stream);
    for (int state = 0; state < STATE_COUNT; state++)
        distinct_counts[state] = FIGURE_OF(7000 + (uint64_t)state);
    diagram_print(&page, distinct_counts, unicode);
}

/* Row @p wanted of what was printed. */
static const char *row_of(size_t wanted) {
    const char *line = printed;

    for (size_t row = 0; row < wanted; row++)
        line = strchr(line, '\n') + 1;
    return line;
}

static char line_at(size_t row, size_t column) {
    const char *const *art = diagram_art();

    return row < DIAGRAM_ROWS && column < strlen(art[row]) ? art[row][column] : ' ';
}

/* @return the state whose box has the cell, or 0 */
static enum tcp_state box_at(size_t row, size_t column) {
    size_t count;
    const struct diagram_box *box = diagram_boxes(&count);

    for (size_t i = 0; i < count; i++)
        if (row - box[i].row < DIAGRAM_BOX_HEIGHT && column - box[i].column < DIAGRAM_BOX_WIDTH)
            return box[i].state;
    return 0;
}

static bool is_line(size_t row, size_t column) {
    return line_at(row, column) != ' ' && box_at(row, column) == 0;
}

struct route {
    enum tcp_state from, to;
    unsigned int ends; /* 2 for a line from one box to one */
};

/* Follows a line from a cell of it, and forgets it. */
static void follow(bool seen[CELLS], size_t row, size_t column, struct route *route) {
    static const int step[4][2] = {{0, 1}, {0, -1}, {1, 0}, {-1, 0}};
    bool is_head = strchr("<>v", line_at(row, column)) != NULL;

    seen[row * DIAGRAM_COLUMNS + column] = true;
    for (size_t i = 0; i < 4; i++) {
        size_t next_row = row + (size_t)step[i][0], next_column = column + (size_t)step[i][1];
        enum tcp_state box = box_at(next_row, next_column);
        if (box != 0) {
            *(is_head ? &route->to : &route->from) = box;
            route->ends++;
        } else if (is_line(next_row, next_column) && !seen[next_row * DIAGRAM_COLUMNS + next_column]) {
            follow(seen, next_row, next_column, route);
        }
    }
}

static size_t trace(struct route routes[EDGES_MAX]) {
    bool seen[CELLS] = {false};
    size_t count = 0;

    for (size_t row = 0; row < DIAGRAM_ROWS; row++)
        for (size_t column = 0; column < DIAGRAM_COLUMNS; column++) {
            if (!is_line(row, column) || seen[row * DIAGRAM_COLUMNS + column])
                continue;
            assert_true(count < EDGES_MAX);
            routes[count] = (struct route){0};
            follow(seen, row, column, &routes[count++]);
        }
    return count;
}

static void test_lines_are_the_labelled_edges(void **state) {
    struct route routes[EDGES_MAX];
    size_t count, labelled = 0, lines = trace(routes);
    const struct state_edge *edge = state_edges(&count);

    (void)state;
    for (size_t i = 0; i < lines; i++)
        check_row(tcp_state_name(routes[i].from), routes[i].ends, 2);
    for (size_t i = 0; i < count; i++) {
        size_t drawn = 0;
        for (size_t k = 0; k < lines; k++)
            drawn += routes[k].from == edge[i].from && routes[k].to == edge[i].to;
        labelled += edge[i].label != NULL;
        if (edge[i].label && drawn != 1)
            fail_msg("%s to %s: %zu lines", tcp_state_name(edge[i].from), tcp_state_name(edge[i].to), drawn);
    }
    assert_int_equal(lines, labelled);
}

/* @return whether @p label stands in the cells around the line, without its boxes */
static bool label_is_beside(const struct route *wanted, const char *label) {
    size_t length = strlen(label);

    for (size_t row = 0; row < DIAGRAM_ROWS; row++) {
        const char *line = row_of(row);
        size_t end = strcspn(line, "\n");
        for (size_t column = 0; column + length <= end; column++) {
            if (strncmp(line + column, label, length) != 0)
                continue;
            for (size_t near = 0; near < 9 * (length + 4); near++) {
                size_t r = row + near / (length + 4) % 3 - 1, c = column + near % (length + 4) - 2;
                struct route route = {0};
                bool seen[CELLS] = {false};
                if (r >= DIAGRAM_ROWS || c >= DIAGRAM_COLUMNS || !is_line(r, c))
                    continue;
                follow(seen, r, c, &route);
                if (route.from == wanted->from && route.to == wanted->to)
                    return true;
            }
        }
    }
    return false;
}

static void test_labels_stand_at_their_lines(void **state) {
    size_t count;
    const struct state_edge *edge = state_edges(&count);

    (void)state;
    print_diagram(80, false);
    for (size_t i = 0; i < count; i++)
        if (edge[i].label && !label_is_beside(&(struct route){edge[i].from, edge[i].to, 2}, edge[i].label))
            fail_msg("%s to %s: no \"%s\" beside the line", tcp_state_name(edge[i].from),
                     tcp_state_name(edge[i].to), edge[i].label);
}

static void test_texts_hide_no_line(void **state) {
    (void)state;
    print_diagram(80, false);
    for (size_t row = 0; row < DIAGRAM_ROWS; row++) {
        const char *line = row_of(row);
        for (size_t column = 0; column < DIAGRAM_COLUMNS; column++)
            if (is_line(row, column) && line[column] != line_at(row, column))
                fail_msg("row %zu, column %zu: '%c' over '%c'", row, column, line[column],
                         line_at(row, column));
    }
}

static void test_counts_stand_in_their_boxes(void **state) {
    size_t count;
    const struct diagram_box *box = diagram_boxes(&count);
    bool seen[STATE_COUNT] = {false};

    (void)state;
    print_diagram(80, false);
    for (size_t i = 0; i < count; i++) {
        const char *line = row_of(box[i].row + 1) + box[i].column;
        check_row(tcp_state_name(box[i].state), strtoull(line + 1, NULL, 10), 7000 + box[i].state);
        line = row_of(box[i].row) + box[i].column;
        const char *name = strstr(line, tcp_state_name(box[i].state));
        check_row(tcp_state_name(box[i].state), name && name < line + DIAGRAM_BOX_WIDTH, 1);
        seen[box[i].state] = true;
    }
    for (int i = 1; i < STATE_COUNT; i++)
        check_row(tcp_state_name((enum tcp_state)i), seen[i], 1);
}

static void test_what_is_not_known(void **state) {
    struct figure count[STATE_COUNT] = {[STATE_CLOSED] = FIGURE_MISSING};
    CLEANUP_FILE FILE *stream = fmemopen(printed, sizeof printed, "w");
    struct page page = {.stream = stream, .width = 80};

    (void)state;
    diagram_print(&page, count, false);
    fflush(stream);
    assert_non_null(strstr(printed, "|   unknown   |"));
    assert_non_null(strstr(printed, "|      -      |"));
}

/* The legend, or the list, with line breaks as blanks. */
static char *flat(void) {
    static char text[OUTPUT_SIZE];
    size_t length = 0;

    for (const char *at = printed; *at; at++)
        if (*at != '\n')
            text[length++] = *at;
        else
            for (text[length++] = ' '; at[1] == ' '; at++)
                ;
    text[length] = '\0';
    return text;
}

static void test_every_other_edge_is_in_the_legend(void **state) {
    size_t count;
    const struct state_edge *edge = state_edges(&count);

    (void)state;
    print_diagram(80, false);
    const char *legend = strstr(flat(), "Not drawn:");
    assert_non_null(legend);
    for (size_t i = 0; i < count; i++) {
        char target[800];
        if (edge[i].label)
            continue;
        snprintf(target, sizeof target, " to %s: %s%s", tcp_state_name(edge[i].to), edge[i].event,
                 edge_remark(edge[i].kind));
        const char *found = strstr(legend, target);
        if (!found)
            fail_msg("%s to %s is missing", tcp_state_name(edge[i].from), tcp_state_name(edge[i].to));
        /* From is in the list in front of it, which has nothing but names and commas. */
        const char *start = found;
        while (start > legend &&
               (start[-1] == '-' || start[-1] == ',' || start[-1] == ' ' ||
                (start[-1] >= 'A' && start[-1] <= 'Z') || (start[-1] >= '1' && start[-1] <= '2')))
            start--;
        const char *from = strstr(start, tcp_state_name(edge[i].from));
        check_row(tcp_state_name(edge[i].from), from && from < found, 1);
    }
}

static void test_list_on_a_narrow_page(void **state) {
    static const size_t widths[] = {40, 71};
    size_t count;
    const struct state_edge *edge = state_edges(&count);

    (void)state;
    for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
        print_diagram(widths[w], true);
        char *text = flat();
        for (size_t i = 0; i < count; i++) {
            char line[800];
            snprintf(line, sizeof line, "%s 70", tcp_state_name(edge[i].from));
            char *from = strstr(text, line);
            snprintf(line, sizeof line, "to %s: %s", tcp_state_name(edge[i].to), edge[i].event);
            check_row(edge[i].event, from && strstr(from, line), 1);
        }
    }
}

static void test_width(void **state) {
    static const size_t widths[] = {40, 71, 72, 80, 200};

    (void)state;
    for (size_t w = 0; w < ARRAY_SIZE(widths); w++)
        for (int unicode = 0; unicode < 2; unicode++) {
            print_diagram(widths[w], unicode);
            for (char *line = strtok(printed, "\n"); line; line = strtok(NULL, "\n"))
                if (page_columns(line, strlen(line)) > widths[w])
                    fail_msg("%zu columns: %s", widths[w], line);
        }
}

/* Every line and corner has its character, and neither kind of them is mixed with the other. */
static void test_unicode(void **state) {
    (void)state;
    print_diagram(80, true);
    const char *end = strstr(printed, "\n\n");
    assert_non_null(end);
    size_t length = (size_t)(end - printed);
    assert_null(memchr(printed, '?', length));
    assert_null(memchr(printed, '|', length));
    assert_null(memchr(printed, '<', length));
    assert_non_null(strstr(printed, "\u250C\u2500 SYN-SENT "));
    print_diagram(80, false);
    for (const char *at = printed; *at; at++)
        assert_true((unsigned char)*at < 128);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_the_labelled_edges),
        cmocka_unit_test(test_labels_stand_at_their_lines),
        cmocka_unit_test(test_texts_hide_no_line),
        cmocka_unit_test(test_counts_stand_in_their_boxes),
        cmocka_unit_test(test_what_is_not_known),
        cmocka_unit_test(test_every_other_edge_is_in_the_legend),
        cmocka_unit_test(test_list_on_a_narrow_page),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_unicode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
