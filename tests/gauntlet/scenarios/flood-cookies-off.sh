# SPDX-License-Identifier: MIT
about='a SYN flood with syncookies off: SYNs are dropped'
families='ipv4 ipv6'
expect=syn-flood
cause='the source addresses are forged'
confidence='medium high'
advice=net.ipv4.tcp_syncookies
forbidden='net.ipv4.tcp_max_syn_backlog net.core.somaxconn net.ipv4.tcp_synack_retries net.ipv4.tcp_tw_reuse'
limit_source='listen() backlog'
also=unsafe-sysctl
within=5

prepare() {
    sysctl_here net.ipv4.tcp_syncookies 0
    load listen --addr "$listen" --port "$port" --backlog 1024
}

condition() {
    load flood --addr "$server" --port "$port" --source-base "$forged" --subnets \
        --sources 60000 --rate 4000 --count 60000
}
