# SPDX-License-Identifier: MIT
about='an application that has served 100 clients a second hangs'
expect=accept-queue-full
cause='does not take them fast enough'
final_cause='may be real clients or a flood' # with none opened for 5 s, nothing tells who is refused
confidence='medium high'
forbidden='net.ipv4.tcp_max_syn_backlog net.ipv4.tcp_abort_on_overflow net.ipv4.tcp_syncookies
    net.core.somaxconn'
within=10
settle=12

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 128
}

condition() {
    local application=${processes[0]}
    load_there clients --addr "$server" --port "$port" --count 0 --rate 100 --lifetime-msec 200
    pause 3
    kill -STOP "$application"
    begins
}
