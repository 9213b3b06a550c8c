# SPDX-License-Identifier: MIT
about='200 clients have closed, the application keeps the sockets'
families='ipv4 ipv6 mapped'
expect=close-wait-leak
cause='it holds the descriptors'
confidence=high
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_reuse net.ipv4.tcp_keepalive_time
    net.ipv4.tcp_max_tw_buckets'
within=38

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 512 --leak
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 200 --lifetime-msec 100
}
