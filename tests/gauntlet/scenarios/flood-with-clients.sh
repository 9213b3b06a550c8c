# SPDX-License-Identifier: MIT
about='a SYN flood, and real clients that get in by cookie among it'
expect=syn-flood
cause='the source addresses are forged'
confidence='medium high'
forbidden='net.ipv4.tcp_max_syn_backlog net.core.somaxconn net.ipv4.tcp_synack_retries'
within=5

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 256
    load_there clients --addr "$server" --port "$port" --count 0 --rate 100 --lifetime-msec 500
}

condition() {
    load flood --addr "$server" --port "$port" --source-base "$forged" \
        --sources 60000 --rate 4000 --count 60000
}
