# SPDX-License-Identifier: MIT
about='health checks: 20 connections a second, closed at once'
expect=silence
watch=15

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 16
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 0 --rate 20 --lifetime-msec 1
}

proof() {
    counted PassiveOpens 250
}
