/* SPDX-License-Identifier: MIT */
#include "decimal.h"

#include <errno.h>

int decimal_parse(const char *text, size_t length, uint64_t *value) {
    uint64_t result = 0;

    if (length == 0)
        return -EINVAL;
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
    for (size_t i = 0; i < length; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (result > (UINT64_MAX - digit) / 10)
            return -ERANGE;
        result = result * 10 + digit;
    }
    *value = result;
    return 0;
}
