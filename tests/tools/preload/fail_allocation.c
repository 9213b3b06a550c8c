/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: allocation number $FAIL_ALLOCATION of a program fails, libraries' calls among them; with
 * $FAIL_ALL every later one, too. Standard error tells that it came to that.
 */
#include <dlfcn.h>
#include <errno.h>
#include <libconfig.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* glibc's own names: dlsym() for these would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *memalign(size_t alignment, size_t size);

static atomic_ulong allocations; /* by any thread */

static unsigned int in_libconfig; /* how deep: it calls its own functions by name */

/* libconfig does not look at what it gets, up to 1.7 at least: what it allocates does not count. */
void config_init(config_t *config) {
    void (*really)(config_t *) = (void (*)(config_t *))dlsym(RTLD_NEXT, "config_init");

    in_libconfig++;
    really(config);
    in_libconfig--;
}

int config_read_string(config_t *config, const char *string) {
    int (*really)(config_t *, const char *) =
        (int (*)(config_t *, const char *))dlsym(RTLD_NEXT, "config_read_string");

    in_libconfig++;
    int result = really(config, string);
    in_libconfig--;
    return result;
}

/* The environment is there before any constructor has run, and libraries' constructors allocate. */
static bool must_fail(void) {
    static const char told[] = "ALLOCATION FAILED\n";
    const char *wanted = getenv("FAIL_ALLOCATION");
    unsigned long failing = wanted ? strtoul(wanted, NULL, 10) : 0;

    if (in_libconfig > 0 || failing == 0)
        return false;
    unsigned long number = ++allocations;
    if (number < failing || (number > failing && !getenv("FAIL_ALL")))
        return false;
    if (number == failing && write(STDERR_FILENO, told, sizeof told - 1) < 0)
        abort();
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) {
    return must_fail() ? NULL : __libc_malloc(size);
}

void *calloc(size_t nmemb, size_t size) {
    return must_fail() ? NULL : __libc_calloc(nmemb, size);
}

void *realloc(void *ptr, size_t size) {
    return must_fail() ? NULL : __libc_realloc(ptr, size);
}

void *memalign(size_t alignment, size_t size) {
    return must_fail() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **memptr, size_t alignment, size_t size) {
    *memptr = memalign(alignment, size);
    return *memptr ? 0 : ENOMEM;
}
