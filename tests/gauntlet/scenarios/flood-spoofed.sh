# SPDX-License-Identifier: MIT
about='a SYN flood from 60,000 forged addresses, syncookies on'
families='ipv4 ipv6 mapped'
expect=syn-flood
cause='the source addresses are forged'
confidence='medium high'
limit_source='listen() backlog'
forbidden='net.ipv4.tcp_max_syn_backlog net.core.somaxconn net.ipv4.tcp_synack_retries net.ipv4.tcp_tw_reuse'
within=5

condition() {
    load listen --addr "$listen" --port "$port" --backlog 1024
    begins
    load flood --addr "$server" --port "$port" --source-base "$forged" --subnets \
        --sources 60000 --rate 4000 --count 60000
}
