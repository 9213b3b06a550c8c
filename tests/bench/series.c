/* SPDX-License-Identifier: MIT */
#include "series.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util.h"

#define NSEC_PER_SEC UINT64_C(1000000000)
#define FILE_BYTES   16384

void series_add(struct series *series, uint64_t value) {
    if (series->count < ROUNDS_MAX)
        series->value[series->count++] = value;
}

static int by_value(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

uint64_t series_percentile(struct series *series, unsigned int percent) {
    size_t rank = (series->count * percent + 99) / 100;

    if (series->count == 0)
        return 0;
    qsort(series->value, series->count, sizeof series->value[0], by_value);
    return series->value[rank > 0 ? rank - 1 : 0];
}

json_t *series_json(struct series *series) {
    static const struct {
        const char *name;
        unsigned int percent;
    } shown[] = {{"min", 0}, {"q1", 25}, {"median", 50}, {"q3", 75}, {"p99", 99}, {"max", 100}};
    json_t *object = json_pack("{s:I}", "count", (json_int_t)series->count);

    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        json_object_set_new(object, shown[i].name,
                            json_integer((json_int_t)series_percentile(series, shown[i].percent)));
    return object;
}

void costs_add(struct costs *costs, struct cost cost) {
    series_add(&costs->cpu_nsec, cost.cpu_nsec);
    series_add(&costs->wall_nsec, cost.wall_nsec);
}

json_t *costs_json(const char *name, struct costs *costs) {
    return json_pack("{s:s, s:s, s:o, s:o, s:I}", "part", "cost", "name", name, "cpu_nsec",
                     series_json(&costs->cpu_nsec), "wall_nsec", series_json(&costs->wall_nsec), "peak_kb",
                     (json_int_t)costs->peak_kb);
}

int print_json(json_t *object) {
    if (!object)
        return -ENODATA;
    int result = json_dumpf(object, stdout, JSON_COMPACT);
    json_decref(object);
    return result < 0 || puts("") < 0 || fflush(stdout) != 0 ? -EIO : 0;
}

uint64_t clock_nsec(clockid_t clock) {
    struct timespec now;

    if (clock_gettime(clock, &now) < 0)
        return 0;
    return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

uint64_t process_nsec(pid_t pid) {
    clockid_t clock;

    return clock_getcpuclockid(pid, &clock) == 0 ? clock_nsec(clock) : 0;
}

uint64_t process_figure(pid_t pid, const char *file, const char *key) {
    char path[64], text[FILE_BYTES], wanted[64];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    snprintf(wanted, sizeof wanted, "\n%s:", key);
    const char *line = read_file_at(AT_FDCWD, path, text, sizeof text) > 0 ? strstr(text, wanted) : NULL;
    return line ? strtoull(line + strlen(wanted), NULL, 10) : 0;
}
