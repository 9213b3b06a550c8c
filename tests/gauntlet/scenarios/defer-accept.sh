# SPDX-License-Identifier: MIT
about='20 silent clients a second, which TCP_DEFER_ACCEPT keeps in a SYN queue of 128'
families='ipv4 mapped'
expect=syn-backlog-small
cause='TCP_DEFER_ACCEPT'
confidence='low medium high'
forbidden='net.ipv4.tcp_max_syn_backlog net.ipv4.tcp_syncookies net.ipv4.tcp_synack_retries'
within=14

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 128 --defer 30
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 120 --rate 20
}
