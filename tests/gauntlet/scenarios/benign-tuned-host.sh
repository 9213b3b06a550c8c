# SPDX-License-Identifier: MIT
about='a host tuned with sense: no hazard among its settings'
expect=silence
watch=12

prepare() {
    sysctl_here net.core.somaxconn 65535
    sysctl_here net.ipv4.tcp_max_syn_backlog 8192
    sysctl_here net.ipv4.tcp_fin_timeout 30
    sysctl_here net.ipv4.tcp_tw_reuse 1
    sysctl_here net.ipv4.tcp_rfc1337 1
    sysctl_here net.ipv4.tcp_keepalive_time 300
    sysctl_here net.ipv4.tcp_synack_retries 3
    sysctl_here net.ipv4.tcp_max_tw_buckets 262144
    sysctl_here net.ipv4.ip_local_port_range '10000 65535'
    sysctl_here net.ipv4.ip_local_reserved_ports "15000,$port"
    load listen --addr "$listen" --port 15000 --backlog 4096
}

condition() {
    load_there clients --addr "$server" --port 15000 --count 0 --rate 50 --lifetime-msec 50
}

proof() {
    counted PassiveOpens 400
}
