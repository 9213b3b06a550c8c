/* SPDX-License-Identifier: MIT */
/* /proc/net/{sockstat,sockstat6,snmp,netstat} by column name, on descriptors kept open. */
#ifndef SYNWAITD_COUNTERS_H
#define SYNWAITD_COUNTERS_H

#include <stddef.h>

#include "sample.h"

/**
 * Parses the "Prefix: name name\nPrefix: value value" pairs of snmp or netstat.
 * Columns not asked for are passed over. A missing column becomes ABSENT, or UNKNOWN if a condition needs it;
 * a value beyond 64 bits or not numeric UNKNOWN; all of them UNKNOWN when the lines do not match.
 * @param source SOURCE_SNMP or SOURCE_NETSTAT: which counters the text is about
 * @param text the file, NUL-terminated
 * @param reason receives what is wrong with it: a malformed line, or a column missing that a condition needs
 * @return 0, or -EBADMSG with @p reason set
 */
int counters_parse(enum source source, const char *text, struct figure counter[COUNTER_COUNT],
                   char reason[SOURCE_REASON_SIZE]);

/** Parses sockstat or sockstat6 ("TCP: inuse 5 orphan 0 ..."). Same conventions; every value is needed. */
int sockstat_parse(enum source source, const char *text, struct figure gauge[GAUGE_COUNT],
                   char reason[SOURCE_REASON_SIZE]);

#endif
