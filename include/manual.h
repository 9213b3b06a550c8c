/* SPDX-License-Identifier: MIT */
/* The lists of the man pages that are made from the tables of problems, causes and conditions, as mdoc(7). */
#ifndef SYNWAITD_MANUAL_H
#define SYNWAITD_MANUAL_H

#include <stdio.h>

/**
 * Copies the man page @p page, with what stands between its marks written anew. The marks are the lines
 * `.\" begin NAME` and `.\" end NAME`, with NAME "problems" or "conditions".
 * @return 0; -EINVAL: a mark has no end, or a name that is not known, or there is none; -errno of the stream
 */
int manual_update(const char *page, FILE *stream);

#endif
