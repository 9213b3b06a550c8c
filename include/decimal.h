/* SPDX-License-Identifier: MIT */
/* Plain decimal numbers, as the kernel writes them. */
#ifndef SYNWAITD_DECIMAL_H
#define SYNWAITD_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

/**
 * Reads @p length characters that must all be decimal digits: no sign, no space, no prefix.
 * @return 0; -EINVAL if it is no such number; -ERANGE if it does not fit. @p value is unchanged on error.
 */
int decimal_parse(const char *text, size_t length, uint64_t *value);

#endif
