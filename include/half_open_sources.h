/* SPDX-License-Identifier: MIT */
/* Who half-open connections are from, in fixed memory and one pass. */
#ifndef SYNWAITD_HALF_OPEN_SOURCES_H
#define SYNWAITD_HALF_OPEN_SOURCES_H

#include "sample.h"

/**
 * Files one half-open connection from @p remote. The vote's leader has at least `leader_votes` of all that
 * were filed; a source with the majority outnumbers the others by at most `leader_votes`. So more than half
 * for certain only if `leader_votes` is more than half of them.
 */
void half_open_sources_count(struct half_open_sources *sources, const struct endpoint *remote);

#endif
