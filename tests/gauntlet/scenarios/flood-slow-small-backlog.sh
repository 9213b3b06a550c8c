# SPDX-License-Identifier: MIT
about='200 SYN/s onto a backlog of 16 with syncookies off: far below any floor, and yet nobody gets in'
expect=syn-flood
cause='the source addresses are forged'
confidence='medium high'
advice=net.ipv4.tcp_syncookies
forbidden='net.ipv4.tcp_max_syn_backlog net.core.somaxconn net.ipv4.tcp_synack_retries net.ipv4.tcp_tw_reuse'
also=unsafe-sysctl
within=10

prepare() {
    sysctl_here net.ipv4.tcp_syncookies 0
    load listen --addr "$listen" --port "$port" --backlog 16
}

condition() {
    load flood --addr "$server" --port "$port" --source-base "$forged" --sources 4000 --rate 200 --count 4000
}
