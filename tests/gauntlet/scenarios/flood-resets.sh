# SPDX-License-Identifier: MIT
about='forged sources that exist: each SYN-ACK is answered with a reset, at a rate that mostly fits'
expect=syn-flood
cause='answer with a reset'
confidence='medium high'
forbidden='net.ipv4.tcp_max_syn_backlog net.core.somaxconn net.ipv4.tcp_synack_retries net.ipv4.tcp_tw_reuse'
within=8

prepare() {
    slow_link --delay-msec 50
    load listen --addr "$listen" --port "$port" --backlog 64
}

condition() {
    load flood --addr "$server" --port "$port" --source-base "$crowd" \
        --sources 60000 --rate 1000 --count 15000
}
