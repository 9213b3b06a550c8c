# SPDX-License-Identifier: MIT
about='as ports-bind-before-connect, but with IP_BIND_ADDRESS_NO_PORT: ports are shared'
expect=silence
watch=15

prepare() {
    sysctl_here net.ipv4.ip_local_port_range '40000 40599'
    load_there listen --addr 0.0.0.0 --port "$peer_port" --backlog 1024
}

condition() {
    load clients --addr "$crowd_here" --port "$peer_port" --count 1000 --destinations 20 --bind-first \
        --no-port --source-base "$server"
}

proof() {
    standing established 1000
}
