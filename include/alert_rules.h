/* SPDX-License-Identifier: MIT */
/* Prometheus' alerting rules about the problems, made from the tables of problems and causes. */
#ifndef SYNWAITD_ALERT_RULES_H
#define SYNWAITD_ALERT_RULES_H

#include <stdio.h>

/** Writes a rule file with one alert for each problem. @return 0 or -errno of the stream. */
int alert_rules_write(FILE *stream);

#endif
