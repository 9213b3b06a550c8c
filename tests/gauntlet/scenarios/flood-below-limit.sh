# SPDX-License-Identifier: MIT
about='40 SYN/s that nobody completes: half-opens pile up below the limit'
expect=syn-flood
cause='the source addresses are forged'
confidence='low medium'
forbidden='net.ipv4.tcp_max_syn_backlog net.core.somaxconn net.ipv4.tcp_synack_retries net.ipv4.tcp_tw_reuse'
within=15

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 256
}

condition() {
    load flood --addr "$server" --port "$port" --source-base "$forged" --sources 4000 --rate 40 --count 1000
}
