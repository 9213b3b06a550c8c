/* SPDX-License-Identifier: MIT */
/* What to do about a finding, as the text of a record's fields. */
#ifndef SYNWAITD_REMEDY_H
#define SYNWAITD_REMEDY_H

#include <stdbool.h>
#include <stddef.h>

#include "diagnose.h"
#include "util.h"

/** Writes SYNWAITD_ADVICE: "1) ...; 2) ...", in order, with the sysctls that apply in their place. */
void advice_format(const struct finding *finding, struct text *text);

/** Writes the first item of the same list in its short form, without number; "" if there is none. */
void advice_format_first(const struct finding *finding, struct text *text);

/**
 * Writes "key=value" pairs, space-separated, ready for sysctl -w; a value of two numbers is in double quotes.
 * @param recommended the advised values; otherwise those in force
 */
void sysctl_format(const struct finding *finding, bool recommended, struct text *text);

/** Writes SYNWAITD_NOT_ADVISED: "remedy: why; remedy: why". */
void not_advised_format(const struct finding *finding, struct text *text);

/** Writes a tcpdump command that shows the traffic concerned; "" when neither port nor peer is known. */
void capture_format(const struct finding *finding, struct text *text);

#endif
