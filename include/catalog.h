/* SPDX-License-Identifier: MIT */
/* The message catalog that `journalctl -x` shows beside an alert, made from the texts of the problems. */
#ifndef SYNWAITD_CATALOG_H
#define SYNWAITD_CATALOG_H

#include <stdio.h>

/** Writes an entry for each problem. @return 0 or -errno of the stream. */
int catalog_write(FILE *stream);

#endif
