# SPDX-License-Identifier: MIT
about='a SYN flood with syncookies off and a tcp_max_syn_backlog that binds before the backlog'
expect=syn-flood
cause='the source addresses are forged'
confidence='medium high'
advice=net.ipv4.tcp_syncookies
forbidden='net.ipv4.tcp_max_syn_backlog net.core.somaxconn net.ipv4.tcp_synack_retries net.ipv4.tcp_tw_reuse'
limit_source='3/4 of net.ipv4.tcp_max_syn_backlog, syncookies off'
also=unsafe-sysctl
within=5

prepare() {
    sysctl_here net.ipv4.tcp_syncookies 0
    sysctl_here net.ipv4.tcp_max_syn_backlog 256
    load listen --addr "$listen" --port "$port" --backlog 1000
}

condition() {
    load flood --addr "$server" --port "$port" --source-base "$forged" \
        --sources 60000 --rate 2000 --count 30000
}
