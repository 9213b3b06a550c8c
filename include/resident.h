/* SPDX-License-Identifier: MIT */
/* Memory that starting, or reading the configuration, took and that is not needed again. */
#ifndef SYNWAITD_RESIDENT_H
#define SYNWAITD_RESIDENT_H

/** Gives it back: what is free in the heap, and the code and constants that are in the page cache anyway. */
void resident_give_back(void);

#endif
