# SPDX-License-Identifier: MIT
about='as burst-cookies, but the application asks for 4,096 and somaxconn allows 64'
expect=syn-backlog-small
cause='The clients are real'
confidence='medium high'
advice=net.core.somaxconn
forbidden='net.ipv4.tcp_max_syn_backlog net.ipv4.tcp_synack_retries net.ipv4.tcp_abort_on_overflow'
limit_source=net.core.somaxconn
also=unsafe-sysctl
within=8

prepare() {
    sysctl_here net.core.somaxconn 64
    slow_link --delay-msec 50
    load listen --addr "$listen" --port "$port" --backlog 4096
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 0 --rate 1500 --lifetime-msec 100 \
        --source-base "$crowd" --sources 16
}
