# SPDX-License-Identifier: MIT
about='1,800 TIME-WAIT of incoming connections, and tcp_max_tw_buckets=2000'
families='ipv4 mapped'
expect=time-wait-pileup
cause='incoming connections that this host closes first'
confidence='medium high'
advice=net.ipv4.tcp_max_tw_buckets
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_recycle net.ipv4.tcp_tw_reuse
    net.ipv4.ip_local_port_range'
also=unsafe-sysctl
within=20

prepare() {
    sysctl_here net.ipv4.tcp_max_tw_buckets 2000
    load listen --addr "$listen" --port "$port" --backlog 1024 --close-first
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 1800 --rate 1000 --lifetime-msec 50
}
