# SPDX-License-Identifier: MIT
about='1,800 TIME-WAIT of outgoing connections, and tcp_max_tw_buckets=2000'
families='ipv4 ipv6'
expect=time-wait-pileup
cause='outgoing connections that this host closes first'
confidence='medium high'
advice=net.ipv4.tcp_max_tw_buckets
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_recycle'
also=unsafe-sysctl
within=20

prepare() {
    sysctl_here net.ipv4.tcp_max_tw_buckets 2000
    sysctl_here net.ipv4.tcp_rfc1337 1 # now and then the peer's late RST would end a TIME-WAIT
    load_there listen --addr "$peer_listen" --port "$peer_port"
}

condition() {
    load churn --addr "$peer" --port "$peer_port" --count 1800
}
