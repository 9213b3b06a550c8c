# SPDX-License-Identifier: MIT
about='300 peers fetch their response slowly: acknowledged all the time'
expect=fin-wait-1-stall
cause='go on acknowledging it'
confidence=low
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_reuse net.ipv4.tcp_max_tw_buckets'
# Default: 2,000 for 60 s.
config='thresholds = { fin-wait-1 = { warning = 200; critical = 20000; hold = "5s"; }; };'
within=15

prepare() {
    slow_link --delay-msec 100
    sysctl_there net.ipv4.tcp_rmem '4096 8192 8192'
    load listen --addr "$listen" --port "$port" --backlog 1024 --send 1000000
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 300 --read
}
