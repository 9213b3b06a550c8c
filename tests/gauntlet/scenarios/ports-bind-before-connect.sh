# SPDX-License-Identifier: MIT
about='bind() before connect() to 20 destinations: 590 of 600 ports, none of them shared'
families='ipv4 ipv6'
expect=port-exhaustion
cause='without IP_BIND_ADDRESS_NO_PORT'
confidence='medium high'
advice=net.ipv4.ip_local_port_range
forbidden='net.ipv4.tcp_tw_reuse net.ipv4.tcp_fin_timeout'
within=15

prepare() {
    local any=0.0.0.0
    [ "$family" != ipv6 ] || any=::
    sysctl_here net.ipv4.ip_local_port_range '40000 40599'
    load_there listen --addr "$any" --port "$peer_port" --backlog 1024
}

condition() {
    load clients --addr "$crowd_here" --port "$peer_port" --count 590 --destinations 20 --bind-first \
        --source-base "$server"
}
