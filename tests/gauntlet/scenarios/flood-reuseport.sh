# SPDX-License-Identifier: MIT
about='a SYN flood onto a SO_REUSEPORT group of four'
families=ipv4
expect=syn-flood
cause='the source addresses are forged'
confidence='medium high'
forbidden='net.ipv4.tcp_max_syn_backlog net.core.somaxconn net.ipv4.tcp_synack_retries net.ipv4.tcp_tw_reuse'
within=5

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 256 --reuseport 4
}

condition() {
    load flood --addr "$server" --port "$port" --source-base "$forged" \
        --sources 60000 --rate 4000 --count 60000
}
