# SPDX-License-Identifier: MIT
about='300 connections closed here for good, and the peers do not close theirs'
families='ipv4 ipv6'
expect=fin-wait-2-pileup
cause='has closed these sockets for good'
confidence=high
advice=net.ipv4.tcp_fin_timeout
forbidden='net.ipv4.tcp_tw_reuse net.ipv4.tcp_max_tw_buckets net.ipv4.tcp_orphan_retries'
# Default: 5,000 for 60 s.
config='thresholds = { fin-wait-2 = { warning = 200; critical = 50000; hold = "5s"; }; };'
within=15

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 1024 --close-first
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 300
}
