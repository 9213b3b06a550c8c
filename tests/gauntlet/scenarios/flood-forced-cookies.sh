# SPDX-License-Identifier: MIT
about='a SYN flood with syncookies=2: every SYN gets a cookie, nothing is half-open'
expect=syn-flood
cause='the source addresses are forged'
confidence='medium high'
advice=net.ipv4.tcp_syncookies
forbidden='net.ipv4.tcp_max_syn_backlog net.core.somaxconn net.ipv4.tcp_synack_retries net.ipv4.tcp_tw_reuse'
also=unsafe-sysctl
within=5

prepare() {
    sysctl_here net.ipv4.tcp_syncookies 2
    load listen --addr "$listen" --port "$port" --backlog 1024
}

condition() {
    load flood --addr "$server" --port "$port" --source-base "$forged" \
        --sources 60000 --rate 2000 --count 30000
}
