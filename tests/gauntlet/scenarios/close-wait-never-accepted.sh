# SPDX-License-Identifier: MIT
about='200 clients have given up in the accept queue'
expect=close-wait-leak
cause='never accepted'
confidence=high
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_reuse net.core.somaxconn'
within=38

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 1024 --accept none
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 200 --lifetime-msec 100
}
