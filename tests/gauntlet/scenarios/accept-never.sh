# SPDX-License-Identifier: MIT
about='129 clients wait, nothing is accepted and nothing refused'
expect=accept-queue-full
cause='does not take them fast enough'
confidence='medium high'
forbidden='net.ipv4.tcp_max_syn_backlog net.ipv4.tcp_abort_on_overflow net.ipv4.tcp_syncookies
    net.core.somaxconn'
within=10

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 128 --accept none
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 129
}
