# SPDX-License-Identifier: MIT
about='590 of 600 ports towards one destination are in TIME-WAIT'
families='ipv4 ipv6 mapped'
expect=port-exhaustion
cause='held by TIME-WAIT'
confidence=high
advice='net.ipv4.tcp_tw_reuse net.ipv4.ip_local_port_range'
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_recycle net.ipv4.tcp_max_tw_buckets
    net.ipv4.tcp_timestamps'
within=12

prepare() {
    sysctl_here net.ipv4.ip_local_port_range '40000 40599'
    sysctl_here net.ipv4.tcp_rfc1337 1 # now and then the peer's late RST would end a TIME-WAIT
    load_there listen --addr "$peer_listen" --port "$peer_port"
}

condition() {
    load churn --addr "$peer" --port "$peer_port" --count 590
}
