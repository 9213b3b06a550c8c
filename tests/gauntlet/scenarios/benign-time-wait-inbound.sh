# SPDX-License-Identifier: MIT
about='60,000 inbound TIME-WAIT: healthy'
families='ipv4 ipv6'
expect=silence
watch=20

prepare() {
    sysctl_here net.ipv4.tcp_max_tw_buckets 131072 # the default follows the machine's memory
}

condition() {
    local base=127.1.0.1 address=127.0.0.1
    if [ "$family" = ipv6 ]; then
        ip -n "$namespace_here" -6 route add local 2001:db8:7::/64 dev lo # ip_nonlocal_bind is on
        base=2001:db8:7::1 address=$server
    fi
    load timewait-inbound --addr "$address" --port "$port" --source-base "$base" --count 60000
}

proof() {
    standing time-wait 59000
}
