# SPDX-License-Identifier: MIT
about='forged sources that exist and reset, far faster than the SYN queue turns over'
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
        --sources 60000 --rate 5000 --count 75000
}
