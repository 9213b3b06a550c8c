# SPDX-License-Identifier: MIT
about='a SYN flood from one IPv4 address, or from one IPv6 /64'
families='ipv4 ipv6'
expect=syn-flood
cause='are from one source'
confidence='medium high'
forbidden='net.ipv4.tcp_max_syn_backlog net.core.somaxconn net.ipv4.tcp_synack_retries net.ipv4.tcp_tw_reuse'
within=5

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 512
}

condition() {
    local sources=1
    [ "$family" != ipv6 ] || sources=60000
    load flood --addr "$server" --port "$port" --source-base "$forged" \
        --sources $sources --rate 2000 --count 30000
}
