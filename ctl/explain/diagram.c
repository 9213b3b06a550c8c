/* SPDX-License-Identifier: MIT */
#include "state_diagram.h"

#include <inttypes.h>
#include <string.h>

#include "state_table.h"
#include "util.h"

enum style { STYLE_LINE, STYLE_TEXT, STYLE_STRONG };

/* The drawing under construction: ASCII, one character a column. */
struct canvas {
    char text[DIAGRAM_ROWS][DIAGRAM_COLUMNS + 1];
    unsigned char style[DIAGRAM_ROWS][DIAGRAM_COLUMNS];
};

/* Lines alone; texts are put beside them. */
static const char *const art[DIAGRAM_ROWS] = {
    "",
    "+-------------+             +-------------+             +-------------+",
    "|             |<------------|             |------------>|             |",
    "+-------------+             +-------------+             +-------------+",
    "   |       |                                                   |",
    "   |       |                +-------------+                    |",
    "   |       +--------------->|             |<-------------------+",
    "   |                        +-------------+",
    "   |                               |",
    "   |                               v",
    "   |                        +-------------+",
    "   +----------------------->|             |",
    "                            +-------------+",
    "                               |       |",
    "       +-----------------------+       +-----------------------+",
    "       v                                                       v",
    "+-------------+             +-------------+             +-------------+",
    "|             |------------>|             |             |             |",
    "+-------------+             +-------------+             +-------------+",
    "   |       |                           |                       |",
    "   |       +-------------------+       |                       |",
    "   v                           v       v                       v",
    "+-------------+             +-------------+             +-------------+",
    "|             |------------>|             |             |             |",
    "+-------------+             +-------------+             +-------------+",
    "       |                           |                           |",
    "       |                           v                           |",
    "       |                    +-------------+                    |",
    "       +------------------->|             |<-------------------+",
    "                            +-------------+",
};

static const struct diagram_box boxes[] = {
    {STATE_CLOSED, 1, 28},     {STATE_SYN_SENT, 1, 0},      {STATE_LISTEN, 1, 56},
    {STATE_SYN_RECV, 5, 28},   {STATE_ESTABLISHED, 10, 28}, {STATE_FIN_WAIT_1, 16, 0},
    {STATE_CLOSING, 16, 28},   {STATE_CLOSE_WAIT, 16, 56},  {STATE_FIN_WAIT_2, 22, 0},
    {STATE_TIME_WAIT, 22, 28}, {STATE_LAST_ACK, 22, 56},    {STATE_CLOSED, 27, 28},
};

/* Where the label of a transition stands. */
static const struct placed_label {
    enum tcp_state from, to;
    size_t row, column;
} labels[] = {
    {STATE_CLOSED, STATE_SYN_SENT, 1, 17},         {STATE_CLOSED, STATE_LISTEN, 1, 45},
    {STATE_SYN_SENT, STATE_SYN_RECV, 5, 18},       {STATE_LISTEN, STATE_SYN_RECV, 5, 52},
    {STATE_SYN_SENT, STATE_ESTABLISHED, 10, 12},   {STATE_SYN_RECV, STATE_ESTABLISHED, 8, 37},
    {STATE_ESTABLISHED, STATE_FIN_WAIT_1, 13, 17}, {STATE_ESTABLISHED, STATE_CLOSE_WAIT, 13, 50},
    {STATE_FIN_WAIT_1, STATE_FIN_WAIT_2, 20, 5},   {STATE_FIN_WAIT_1, STATE_CLOSING, 16, 20},
    {STATE_FIN_WAIT_1, STATE_TIME_WAIT, 19, 18},   {STATE_FIN_WAIT_2, STATE_TIME_WAIT, 22, 20},
    {STATE_FIN_WAIT_2, STATE_CLOSED, 27, 10},      {STATE_CLOSE_WAIT, STATE_LAST_ACK, 20, 65},
    {STATE_CLOSING, STATE_TIME_WAIT, 20, 41},      {STATE_LAST_ACK, STATE_CLOSED, 27, 52},
    {STATE_TIME_WAIT, STATE_CLOSED, 25, 37},
};

/* The paths through it. */
static const struct {
    const char *text;
    size_t row, column;
} notes[] = {
    {"client", 0, 4},
    {"server", 0, 60},
    {"simultaneous open", 4, 27},
    {"active close", 15, 9},
    {"simultaneous close", 15, 26},
    {"passive close", 15, 48},
};

static const char *label_of(enum tcp_state from, enum tcp_state to) {
    size_t count;
    const struct state_edge *edge = state_edges(&count);

    for (size_t i = 0; i < count; i++)
        if (edge[i].from == from && edge[i].to == to && edge[i].label)
            return edge[i].label;
    return "";
}

static void put_text(struct canvas *canvas, size_t row, size_t column, enum style style, const char *text) {
    for (; *text && column < DIAGRAM_COLUMNS; text++, column++) {
        canvas->text[row][column] = *text;
        canvas->style[row][column] = (unsigned char)style;
    }
}

static void put_centered(struct canvas *canvas, size_t row, size_t column, enum style style,
                         const char *text) {
    size_t length = strlen(text);
    size_t before = length < DIAGRAM_BOX_WIDTH ? (DIAGRAM_BOX_WIDTH - length) / 2 : 0;

    put_text(canvas, row, column + before, style, text);
}

static void format_count(struct figure figure, char text[24]) {
    struct text out = text_in(text, 24);

    if (figure_known(figure))
        text_add(&out, "%" PRIu64, figure.value);
    else
        text_add(&out, "%s", figure.status == FIGURE_ABSENT ? "-" : "unknown");
}

static void put_boxes(struct canvas *canvas, const struct figure count[STATE_COUNT]) {
    for (size_t i = 0; i < ARRAY_SIZE(boxes); i++) {
        const struct diagram_box *box = &boxes[i];
        char name[DIAGRAM_BOX_WIDTH + 1], number[24];
        struct text text = text_in(name, sizeof name);
        text_add(&text, " %s ", tcp_state_name(box->state));
        put_centered(canvas, box->row, box->column, STYLE_TEXT, name);
        format_count(count[box->state], number);
        put_centered(canvas, box->row + 1, box->column, STYLE_STRONG, number);
    }
}

static void draw(struct canvas *canvas, const struct figure count[STATE_COUNT]) {
    memset(canvas, 0, sizeof *canvas);
    for (size_t row = 0; row < DIAGRAM_ROWS; row++) {
        memset(canvas->text[row], ' ', DIAGRAM_COLUMNS);
        memcpy(canvas->text[row], art[row], strlen(art[row]));
    }
    for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
        put_text(canvas, labels[i].row, labels[i].column, STYLE_TEXT, label_of(labels[i].from, labels[i].to));
    for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
        put_text(canvas, notes[i].row, notes[i].column, STYLE_TEXT, notes[i].text);
    put_boxes(canvas, count);
}

/* The character of the lines alone; a blank outside. */
static char line_at(size_t row, size_t column) {
    if (row >= DIAGRAM_ROWS || column >= strlen(art[row]))
        return ' ';
    return art[row][column];
}

/* What a line that goes through a cell is made of, by the neighbours that reach it. */
static const char *line_glyph(size_t row, size_t column) {
    enum { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8 };
    static const char *const glyph[16] = {
        [UP | DOWN] = "\u2502",         [LEFT | RIGHT] = "\u2500",     [DOWN | RIGHT] = "\u250C",
        [DOWN | LEFT] = "\u2510",       [UP | RIGHT] = "\u2514",       [UP | LEFT] = "\u2518",
        [UP | DOWN | RIGHT] = "\u251C", [UP | DOWN | LEFT] = "\u2524", [DOWN | LEFT | RIGHT] = "\u252C",
        [UP | LEFT | RIGHT] = "\u2534",
    };
    char self = line_at(row, column);
    unsigned int ends = self == '|' ? UP | DOWN : self == '-' ? LEFT | RIGHT : 0;

    ends |= row > 0 && strchr("|+", line_at(row - 1, column)) ? UP : 0;
    ends |= strchr("|+v", line_at(row + 1, column)) ? DOWN : 0;
    ends |= column > 0 && strchr("-+<", line_at(row, column - 1)) ? LEFT : 0;
    ends |= strchr("-+>", line_at(row, column + 1)) ? RIGHT : 0;
    return glyph[ends] ? glyph[ends] : "?";
}

static const char *unicode_glyph(size_t row, size_t column) {
    switch (line_at(row, column)) {
    case ' ':
        return " ";
    case '<':
        return "\u25C4";
    case '>':
        return "\u25BA";
    case 'v':
        return "\u25BC";
    default:
        return line_glyph(row, column);
    }
}

static const char *style_code(const struct page *page, unsigned char style) {
    static const char *const code[] = {
        [STYLE_LINE] = PAGE_DIM, [STYLE_TEXT] = "", [STYLE_STRONG] = PAGE_BOLD};

    return page_paint(page, code[style]);
}

static void print_row(const struct page *page, const struct canvas *canvas, size_t row, bool unicode) {
    const char *text = canvas->text[row];
    size_t end = DIAGRAM_COLUMNS;
    unsigned char style = STYLE_TEXT;

    while (end > 0 && text[end - 1] == ' ')
        end--;
    for (size_t column = 0; column < end; column++) {
        unsigned char next = canvas->style[row][column];
        if (next != style && text[column] != ' ') {
            fprintf(page->stream, "%s%s", page_paint(page, PAGE_RESET), style_code(page, next));
            style = next;
        }
        if (unicode && next == STYLE_LINE)
            fputs(unicode_glyph(row, column), page->stream);
        else
            fputc(text[column], page->stream);
    }
    fprintf(page->stream, "%s\n", style != STYLE_TEXT ? page_paint(page, PAGE_RESET) : "");
}

static bool same_target(const struct state_edge *a, const struct state_edge *b) {
    return a->to == b->to && a->kind == b->kind && strcmp(a->event, b->event) == 0;
}

/* Prints "A, B to C: event" for the edges from @p index on that differ in where they come from alone.
   @return how many */
static size_t print_legend_line(const struct page *page, const struct state_edge *edge, size_t left) {
    char buffer[640];
    struct text text = text_in(buffer, sizeof buffer);
    size_t same = 0;

    for (; same < left && same_target(edge, &edge[same]); same++)
        text_add(&text, "%s%s", same > 0 ? ", " : "", tcp_state_name(edge[same].from));
    text_add(&text, " to %s: %s%s", tcp_state_name(edge->to), edge->event, edge_remark(edge->kind));
    page_paragraph(page, buffer, 2);
    return same;
}

static void print_legend(const struct page *page) {
    size_t count;
    const struct state_edge *edge = state_edges(&count);

    fputc('\n', page->stream);
    page_paragraph(page,
                   "In each box: how many sockets there are now. At an arrow: the call of the application "
                   "here, or the segment that comes; FIN+ACK is a FIN with the ACK of our own. Not drawn:",
                   0);
    for (size_t i = 0; i < count;)
        i += edge[i].label ? 1 : print_legend_line(page, &edge[i], count - i);
}

static void print_list(const struct page *page, const struct figure count[STATE_COUNT]) {
    size_t edges;
    const struct state_edge *edge = state_edges(&edges);

    for (int state = 1; state < STATE_COUNT; state++) {
        char number[24], line[640];
        format_count(count[state], number);
        fprintf(page->stream, "%s%s%s %s\n", page_paint(page, PAGE_BOLD),
                tcp_state_name((enum tcp_state)state), page_paint(page, PAGE_RESET), number);
        for (size_t i = 0; i < edges; i++) {
            struct text text = text_in(line, sizeof line);
            if ((int)edge[i].from != state)
                continue;
            text_add(&text, "to %s: %s%s", tcp_state_name(edge[i].to), edge[i].event,
                     edge_remark(edge[i].kind));
            page_paragraph(page, line, 2);
        }
    }
}

void diagram_print(const struct page *page, const struct figure count[STATE_COUNT], bool unicode) {
    struct canvas canvas;

    if (page->width < DIAGRAM_COLUMNS) {
        print_list(page, count);
        return;
    }
    draw(&canvas, count);
    for (size_t row = 0; row < DIAGRAM_ROWS; row++)
        print_row(page, &canvas, row, unicode);
    print_legend(page);
}

const char *const *diagram_art(void) {
    return art;
}

const struct diagram_box *diagram_boxes(size_t *count) {
    *count = ARRAY_SIZE(boxes);
    return boxes;
}
