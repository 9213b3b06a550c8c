/* SPDX-License-Identifier: MIT */
/* What `synwaitctl explain` knows: words of several kinds, each kind in a file of its own under ctl/explain/.
 */
#ifndef SYNWAITD_EXPLAIN_H
#define SYNWAITD_EXPLAIN_H

#include <jansson.h>
#include <stdbool.h>

#include "ctl.h"

typedef void (*word_callback)(const char *word, void *context);

struct explained_kind {
    const char *name; /* "state" */
    /** Calls back for each word, in the order in which they are listed. */
    void (*words)(word_callback callback, void *context);
    /**
     * Explains @p word on ctl->page, or, with ctl->json, into @p json (NULL there: no memory).
     * @return whether it is a word of this kind; if not, nothing is printed
     */
    bool (*explain)(const struct ctl *ctl, const char *word, json_t **json);
};

extern const struct explained_kind explained_states, explained_problems, explained_conditions,
    explained_sysctls, explained_errnos;

#endif
