# SPDX-License-Identifier: MIT
about='100 connections a second closed here first, and tcp_max_tw_buckets=100'
families='ipv4 ipv6'
expect=time-wait-overflow
cause='than tcp_max_tw_buckets allows'
confidence=high
advice=net.ipv4.tcp_max_tw_buckets
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_recycle net.ipv4.tcp_tw_reuse'
also=unsafe-sysctl
within=12

prepare() {
    sysctl_here net.ipv4.tcp_max_tw_buckets 100
    load listen --addr "$listen" --port "$port" --backlog 512 --close-first
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 0 --rate 100 --lifetime-msec 50
}
