# SPDX-License-Identifier: MIT
about='200 real clients whose SYN-ACKs are lost on the way back'
families='ipv4 ipv6 mapped'
expect=handshake-loss
cause='the same clients ask again'
confidence='low medium'
forbidden='net.ipv4.tcp_max_syn_backlog net.core.somaxconn net.ipv4.tcp_syncookies
    net.ipv4.tcp_synack_retries'
within=12

prepare() {
    slow_link --delay-msec 20 --lose-there synack
    load listen --addr "$listen" --port "$port" --backlog 256
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 200
}
