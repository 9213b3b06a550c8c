# SPDX-License-Identifier: MIT
about='real clients over 100 ms, more at once than a backlog of 64 holds, syncookies on'
families='ipv4 ipv6 mapped'
expect=syn-backlog-small
cause='The clients are real'
confidence='medium high'
forbidden='net.ipv4.tcp_max_syn_backlog net.ipv4.tcp_synack_retries net.ipv4.tcp_abort_on_overflow'
limit_source='listen() backlog'
within=8

prepare() {
    slow_link --delay-msec 50
    load listen --addr "$listen" --port "$port" --backlog 64
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 0 --rate 1500 --lifetime-msec 100 \
        --source-base "$crowd" --sources 16
}
