/* SPDX-License-Identifier: MIT */
/* How many sources half-open connections have, in fixed memory and one pass. */
#ifndef SYNWAITD_HALF_OPEN_SOURCES_H
#define SYNWAITD_HALF_OPEN_SOURCES_H

#include "sample.h"

/** Files one half-open connection from @p remote. */
void half_open_sources_count(struct half_open_sources *sources, const struct endpoint *remote);

#endif
