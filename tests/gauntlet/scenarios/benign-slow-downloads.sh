# SPDX-License-Identifier: MIT
about='300 slow downloads: FIN-WAIT-1 below the threshold'
expect=silence
watch=20

prepare() {
    slow_link --delay-msec 100
    sysctl_there net.ipv4.tcp_rmem '4096 8192 8192'
    load listen --addr "$listen" --port "$port" --backlog 1024 --send 1000000
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 300 --read
}

proof() {
    standing fin-wait-1 250
}
