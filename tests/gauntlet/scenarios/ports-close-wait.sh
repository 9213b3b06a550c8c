# SPDX-License-Identifier: MIT
about='the application leaks its outgoing connections: 590 of 600 ports'
families=ipv4
expect=port-exhaustion
cause='held by CLOSE-WAIT'
confidence=high
forbidden='net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse net.ipv4.tcp_fin_timeout'
within=12
settle=30 # the leak alone would be told 30 s after its begin: it is the same cause

prepare() {
    sysctl_here net.ipv4.ip_local_port_range '40000 40599'
    load_there listen --addr "$peer_listen" --port "$peer_port" --backlog 1024 --close-first
}

condition() {
    load clients --addr "$peer" --port "$peer_port" --count 590
}
