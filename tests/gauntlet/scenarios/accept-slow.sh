# SPDX-License-Identifier: MIT
about='200 clients a second, and an application that accepts 20'
families='ipv4 mapped'
expect=accept-queue-full
cause='does not take them fast enough'
confidence='medium high'
forbidden='net.ipv4.tcp_max_syn_backlog net.ipv4.tcp_abort_on_overflow net.ipv4.tcp_syncookies
    net.core.somaxconn'
within=8

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 128 --accept-rate 20
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 0 --rate 200 --lifetime-msec 20000
}
