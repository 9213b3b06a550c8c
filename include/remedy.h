/* SPDX-License-Identifier: MIT */
/* What to do about a finding, as the text of a record's fields. */
#ifndef SYNWAITD_REMEDY_H
#define SYNWAITD_REMEDY_H

#include <stdbool.h>
#include <stddef.h>

#include "diagnose.h"
#include "sysctl_files.h"
#include "util.h"

typedef void (*remedy_callback)(const char *remedy, void *context);

/**
 * Calls back for all that may help against @p cause, in order, as known without looking at a host: each
 * sysctl with what it does, whether or not it would be advised there.
 */
void remedies_of_cause(enum cause cause, remedy_callback callback, void *context);

/**
 * Writes SYNWAITD_ADVICE: "1) ...; 2) ...", in order, with the sysctls that apply in their place.
 * @param provenance which file sets each, and how to keep a change; NULL: not known, not told. The files are
 * left out where the list would be too long for a field with them
 */
void advice_format(const struct finding *finding, const struct provenance *provenance, struct text *text);

/** @return where step @p number of such a list, which starts at @p step, ends: at "; ", or the text's end. */
const char *advice_step_end(const char *step, unsigned int number);

/** Writes the first item of the same list in its short form, without number; "" if there is none. */
void advice_format_first(const struct finding *finding, struct text *text);

/** Writes the value now or the one advised, e.g. "32768 60999"; of a list of ports it is a mere number. */
void sysctl_value_format(const struct advice *advice, bool recommended, struct text *text);

/**
 * Writes "now 2, set by PATH:LINE": the value now and where it comes from; of a list of ports the place
 * alone.
 * @param origin NULL: not looked up
 */
void sysctl_present_format(const struct advice *advice, const struct sysctl_origin *origin,
                           struct text *text);

/** Writes "key=value", ready for sysctl -w; a value of two numbers is in double quotes. */
void sysctl_pair_format(const struct advice *advice, bool recommended, struct text *text);

/**
 * Writes the pairs of all advised sysctls, space-separated, but for those whose value is a list.
 * @param recommended the advised values; otherwise those in force
 */
void sysctl_format(const struct finding *finding, bool recommended, struct text *text);

/** Writes SYNWAITD_SYSCTL_FILE: "key=path:line" pairs of those that a file sets; as many as fit a field. */
void sysctl_files_format(const struct finding *finding, const struct provenance *provenance,
                         struct text *text);

/**
 * Writes what is unsafe and why, for MESSAGE: "key=value (why), key=value (why) and 2 more".
 * @param limit bytes; the first is always written
 */
void hazards_format(const struct finding *finding, size_t limit, struct text *text);

/** Writes SYNWAITD_NOT_ADVISED: "remedy: why; remedy: why". */
void not_advised_format(const struct finding *finding, struct text *text);

/** Writes a tcpdump command that shows the traffic concerned; "" when neither port nor peer is known. */
void capture_format(const struct finding *finding, struct text *text);

#endif
