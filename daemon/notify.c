/* SPDX-License-Identifier: MIT */
/* sd_notify(3) blocks while the receiver's queue is full: a hung service manager would stop the sampling. */
#include "notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>

#include "log.h"
#include "util.h"

#define STATUS_MIN_USEC (10 * USEC_PER_SEC)

/* @return 0, also without a service manager, or -errno */
static int send_text(const char *text) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;

    if (length == 0)
        return 0;
    if ((path[0] != '/' && path[0] != '@') || length >= sizeof address.sun_path)
        return -EAFNOSUPPORT;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* an abstract address, unix(7) */
    CLEANUP_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t sent =
        sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
    return sent < 0 ? -errno : 0;
}

/* A failure is said once, and once more when it is over. */
static bool tell(struct notifier *notifier, const char *text) {
    int result = send_text(text);

    if (result < 0 && !notifier->failed)
        report_log(LOG_WARNING, "the service manager cannot be told: %s", strerror(-result));
    else if (result == 0 && notifier->failed)
        report_log(LOG_INFO, "the service manager can be told again");
    notifier->failed = result < 0;
    return result == 0;
}

void notify_fit_watchdog(struct notifier *notifier, uint64_t interval_usec) {
    uint64_t needed = 3 * interval_usec;

    if (sd_watchdog_enabled(0, &notifier->watchdog_usec) <= 0 || notifier->watchdog_usec >= needed)
        return;
    notifier->watchdog_usec = needed;
    notifier->watchdog_fitted = true;
}

static void add_ready(struct text *text, const struct notifier *notifier) {
    text_add(text, "READY=1\n");
    if (notifier->watchdog_fitted)
        text_add(text, "WATCHDOG_USEC=%" PRIu64 "\n", notifier->watchdog_usec);
}

/* Without READY=1 the service manager would end a daemon that works. */
void notify_ready(struct notifier *notifier) {
    char buffer[64];
    struct text text = text_in(buffer, sizeof buffer);

    add_ready(&text, notifier);
    notifier->ready_owed = !tell(notifier, text.buffer);
}

void notify_reloading(struct notifier *notifier, uint64_t now_usec) {
    char buffer[64];
    struct text text = text_in(buffer, sizeof buffer);

    text_add(&text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_usec);
    tell(notifier, text.buffer);
}

void notify_stopping(struct notifier *notifier) {
    tell(notifier, "STOPPING=1");
}

bool notify_status_is_due(const struct notifier *notifier, uint64_t now_usec) {
    uint64_t due = notifier->watchdog_usec > 0 && notifier->watchdog_usec / 4 < STATUS_MIN_USEC
                       ? notifier->watchdog_usec / 4
                       : STATUS_MIN_USEC;

    return notifier->ready_owed || notifier->status_usec == 0 || now_usec - notifier->status_usec >= due;
}

void notify_status(struct notifier *notifier, bool alive, const char *status, uint64_t now_usec) {
    char buffer[384];
    struct text text = text_in(buffer, sizeof buffer);

    if (notifier->ready_owed)
        add_ready(&text, notifier);
    text_add(&text, "%sSTATUS=%s", alive ? "WATCHDOG=1\n" : "", status);
    bool told = tell(notifier, text.buffer);
    notifier->status_usec = told ? now_usec : 0;
    notifier->ready_owed = notifier->ready_owed && !told;
}
