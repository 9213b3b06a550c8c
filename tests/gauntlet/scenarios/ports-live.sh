# SPDX-License-Identifier: MIT
about='590 live connections to one destination, of 600 ports'
families='ipv4 ipv6'
expect=port-exhaustion
cause='live connections to one destination'
confidence=high
advice=net.ipv4.ip_local_port_range
forbidden='net.ipv4.tcp_tw_reuse net.ipv4.tcp_fin_timeout'
within=12

prepare() {
    sysctl_here net.ipv4.ip_local_port_range '40000 40599'
    load_there listen --addr "$peer_listen" --port "$peer_port" --backlog 1024
}

condition() {
    load clients --addr "$peer" --port "$peer_port" --count 590
}
