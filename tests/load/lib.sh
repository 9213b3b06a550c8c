# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What run and row have in common.
# shellcheck source=tests/lib.sh
. tests/lib.sh

fail() {
    echo "load: $1" >&2
    exit 1
}

say() {
    echo "load: $1" >&2
}
