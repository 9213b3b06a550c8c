# SPDX-License-Identifier: MIT
about='real clients over 100 ms, more at once than a backlog of 32 holds, syncookies off'
expect=syn-backlog-small
cause='The clients are real'
confidence='low medium'
advice=net.ipv4.tcp_syncookies
forbidden='net.ipv4.tcp_max_syn_backlog net.ipv4.tcp_synack_retries net.ipv4.tcp_abort_on_overflow'
also=unsafe-sysctl
within=8

prepare() {
    sysctl_here net.ipv4.tcp_syncookies 0
    slow_link --delay-msec 50
    load listen --addr "$listen" --port "$port" --backlog 32
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 0 --rate 600 --lifetime-msec 100 \
        --source-base "$crowd" --sources 16
}
