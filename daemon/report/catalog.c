/* SPDX-License-Identifier: MIT */
#include "catalog.h"

#include <errno.h>
#include <string.h>

#include "problem.h"

#define WIDTH 76 /* columns, as journalctl's own entries */

static void print_wrapped(FILE *stream, const char *text) {
    size_t column = 0;

    while (*text) {
        size_t word = strcspn(text, " ");
        if (column > 0 && column + 1 + word > WIDTH) {
            fputc('\n', stream);
            column = 0;
        } else if (column > 0) {
            fputc(' ', stream);
            column++;
        }
        fwrite(text, 1, word, stream);
        column += word;
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', stream);
}

static void print_entry(FILE *stream, const struct problem_info *info) {
    fprintf(stream,
            "\n-- %s\n"
            "Subject: %s (@SYNWAITD_PROBLEM@, @SYNWAITD_EVENT@)\n"
            "Defined-By: synwaitd\n"
            "Documentation: man:synwaitd(8)\n"
            "\n",
            info->message_id, info->title);
    print_wrapped(stream, info->meaning);
    fputs("\n"
          "Cause: @SYNWAITD_CAUSE@\n"
          "Evidence: @SYNWAITD_EVIDENCE@\n"
          "What to do: @SYNWAITD_ADVICE@\n"
          "Not advised: @SYNWAITD_NOT_ADVISED@\n",
          stream);
}

int catalog_write(FILE *stream) {
    errno = 0;
    fputs("# Made by tools/gen_catalog.c from daemon/diagnose/problem_table.c.\n", stream);
    for (int i = 0; i < PROBLEM_COUNT; i++)
        print_entry(stream, problem_info((enum problem)i));
    if (fflush(stream) == EOF || ferror(stream))
        return errno != 0 ? -errno : -EIO;
    return 0;
}
