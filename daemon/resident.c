/* SPDX-License-Identifier: MIT */
#include "resident.h"

#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *pointer_to(uintptr_t address) {
    void *pointer;

    memcpy(&pointer, &address, sizeof pointer);
    return pointer;
}

/* Whether the loader wrote into the object's code: that is in no file. */
static bool has_text_relocations(const struct dl_phdr_info *object) {
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *entry = pointer_to(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
                return true;
    }
    return false;
}

/*
 * The dynamic loader reads all of every library, and a library's library, to start; a tick runs through a few
 * pages of them. Pages that nobody can write to are those of the file: dropped from this process, they stay
 * in the page cache, and come back without reading when they are used.
 */
static int drop_constant_pages(struct dl_phdr_info *object, size_t size, void *context) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    (void)size;
    (void)context;
    if (has_text_relocations(object))
        return 0;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
            continue;
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
        if (end > start)
            madvise(pointer_to(start), end - start, MADV_DONTNEED); /* a failure costs memory, nothing else */
    }
    return 0;
}

void resident_give_back(void) {
    malloc_trim(0);
    dl_iterate_phdr(drop_constant_pages, NULL);
}
