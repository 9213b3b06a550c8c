/* SPDX-License-Identifier: MIT */
#include "manual.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cause.h"
#include "condition.h"
#include "problem.h"
#include "remedy.h"
#include "util.h"

#define WIDTH     110
#define TEXT_SIZE 1100
#define BEGIN     ".\\\" begin "
#define END       ".\\\" end "

/* A line that begins with "." or "'" would be a request; in mdoc a sentence starts on a new line. */
static void print_text(FILE *stream, const char *text) {
    size_t column = 0;

    for (const char *word = text; *word;) {
        size_t length = strcspn(word, " ");
        if (column > 0 && column + 1 + length > WIDTH) {
            fputc('\n', stream);
            column = 0;
        }
        if (column == 0 && (*word == '.' || *word == '\''))
            fputs("\\&", stream);
        else if (column > 0)
            fputc(' ', stream);
        column += length + (column > 0);
        for (size_t i = 0; i < length; i++)
            word[i] == '\\' ? fputs("\\e", stream) : fputc(word[i], stream);
        if (word[length - 1] == '.' && word[length] == ' ') {
            fputc('\n', stream);
            column = 0;
        }
        word += length + strspn(word + length, " ");
    }
    fputc('\n', stream);
}

struct list {
    FILE *stream;
    unsigned int number;
};

static void print_remedy(const char *remedy, void *context) {
    struct list *list = context;
    char buffer[TEXT_SIZE];
    struct text text = text_in(buffer, sizeof buffer);

    fputs(list->number++ == 0 ? ".It Helps:\n" : ".br\n", list->stream);
    text_add(&text, "%u) %s", list->number, remedy);
    print_text(list->stream, buffer);
}

static void print_wrong(FILE *stream, const struct wrong_remedy *wrong) {
    for (size_t i = 0; i < WRONG_REMEDIES_MAX && wrong[i].remedy; i++) {
        char buffer[TEXT_SIZE];
        struct text text = text_in(buffer, sizeof buffer);
        fputs(i == 0 ? ".It Does not:\n" : ".br\n", stream);
        text_add(&text, "%s: %s.", wrong[i].remedy, wrong[i].why);
        print_text(stream, buffer);
    }
}

static void print_problem(FILE *stream, enum problem problem) {
    const struct problem_info *info = problem_info(problem);

    fprintf(stream, ".It Cm %s Bq %s\n", info->slug, info->message_id);
    print_text(stream, info->meaning);
    fputs(".Bl -tag -width \"Does not:\" -compact\n.It Evidence:\n", stream);
    print_text(stream, info->evidence);
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
        const struct cause_info *cause = cause_info((enum cause)i);
        if (cause->problem != problem)
            continue;
        fputs(".It Cause:\n", stream);
        print_text(stream, cause->sentence);
        remedies_of_cause((enum cause)i, print_remedy, &(struct list){.stream = stream});
    }
    print_wrong(stream, info->wrong);
    fputs(".El\n", stream);
}

static void print_problems(FILE *stream) {
    fputs(".Bl -tag -width Ds\n", stream);
    for (int i = 0; i < PROBLEM_COUNT; i++)
        print_problem(stream, (enum problem)i);
    fputs(".El\n", stream);
}

static void print_conditions(FILE *stream) {
    fputs(".Bl -tag -width \"time-wait-overflow\"\n", stream);
    for (int i = 0; i < CONDITION_COUNT; i++) {
        const struct condition_info *info = condition_info((enum condition)i);
        fprintf(stream, ".It Cm %s\n", info->name);
        print_text(stream, info->meaning);
        if (info->limit)
            fprintf(stream, "Percentages are of %s.\n", info->limit);
        else
            fputs("Counts only.\n", stream);
        if (info->per_port)
            fputs("Per port.\n", stream);
    }
    fputs(".El\n", stream);
}

static const struct part {
    const char *name;
    void (*print)(FILE *stream);
} parts[] = {
    {"problems", print_problems},
    {"conditions", print_conditions},
};

static bool line_is(const char *line, const char *mark, const char *name) {
    size_t length = strlen(mark), name_length = strlen(name);

    return strncmp(line, mark, length) == 0 && strncmp(line + length, name, name_length) == 0 &&
           line[length + name_length] == '\n';
}

static const char *next_line(const char *line) {
    const char *end = strchr(line, '\n');

    return end ? end + 1 : line + strlen(line);
}

static const struct part *part_at(const char *line) {
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (line_is(line, BEGIN, parts[i].name))
            return &parts[i];
    return NULL;
}

/* @return the line with the end mark, or NULL */
static const char *end_of(const struct part *part, const char *line) {
    while (*line && !line_is(line, END, part->name))
        line = next_line(line);
    return *line ? line : NULL;
}

int manual_update(const char *page, FILE *stream) {
    bool found = false;

    errno = 0;
    for (const char *line = page; *line;) {
        const char *next = next_line(line);
        fwrite(line, 1, (size_t)(next - line), stream);
        if (strncmp(line, BEGIN, strlen(BEGIN)) == 0) {
            const struct part *part = part_at(line);
            next = part ? end_of(part, next) : NULL;
            if (!next)
                return -EINVAL;
            part->print(stream);
            found = true;
        }
        line = next;
    }
    if (fflush(stream) == EOF || ferror(stream))
        return errno != 0 ? -errno : -EIO;
    return found ? 0 : -EINVAL;
}
