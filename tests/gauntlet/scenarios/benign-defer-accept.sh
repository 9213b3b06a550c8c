# SPDX-License-Identifier: MIT
about='40 silent clients held by TCP_DEFER_ACCEPT, well below the limit'
expect=silence
watch=15

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 128 --defer 30
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 40
}

proof() {
    standing syn-recv 40
}
