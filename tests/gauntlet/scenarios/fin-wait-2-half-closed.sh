# SPDX-License-Identifier: MIT
about='the application has half-closed 300 connections with shutdown() and waits'
families='ipv4 mapped'
expect=fin-wait-2-pileup
cause='called shutdown()'
confidence=high
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_reuse net.ipv4.tcp_max_tw_buckets'
# Default: 5,000 for 60 s.
config='thresholds = { fin-wait-2 = { warning = 200; critical = 50000; hold = "5s"; }; };'
within=15

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 1024 --half-close
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 300
}
