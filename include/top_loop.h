/* SPDX-License-Identifier: MIT */
/* Signals, keys and time of `synwaitctl top`. */
#ifndef SYNWAITD_TOP_LOOP_H
#define SYNWAITD_TOP_LOOP_H

#include <stdbool.h>

#include "top_source.h"

/**
 * Takes the terminal on standard input and output, shows @p source until somebody ends it, and gives the
 * terminal back. It ends by key, by SIGINT, SIGTERM, SIGHUP or SIGQUIT, and when its terminal is gone.
 * @return 0; -ENOTSUP: this terminal cannot show it; another -errno
 */
int top_loop(struct top_source *source, bool color);

#endif
