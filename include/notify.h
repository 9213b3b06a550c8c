/* SPDX-License-Identifier: MIT */
/* What the service manager is told, see sd_notify(3). Nothing here ever waits for it. */
#ifndef SYNWAITD_NOTIFY_H
#define SYNWAITD_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/** Zeroed at the start. */
struct notifier {
    uint64_t watchdog_usec; /* 0: there is none */
    bool watchdog_fitted;   /* longer than the unit's */
    bool ready_owed;        /* there was no room for it: comes with the next status */
    uint64_t status_usec;   /* when it was told last; 0: not, or in vain */
    bool failed;
};

/** An interval near the unit's WatchdogSec= would look like a hang: asks for a longer one, with READY=1. */
void notify_fit_watchdog(struct notifier *notifier, uint64_t interval_usec);

void notify_ready(struct notifier *notifier);
void notify_reloading(struct notifier *notifier, uint64_t now_usec);
void notify_stopping(struct notifier *notifier);

/** @return whether the status should be told though nothing has changed. */
bool notify_status_is_due(const struct notifier *notifier, uint64_t now_usec);

/** @param alive whether this is a sign of life for the watchdog */
void notify_status(struct notifier *notifier, bool alive, const char *status, uint64_t now_usec);

#endif
