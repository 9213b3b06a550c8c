# SPDX-License-Identifier: MIT
about='a flood onto an accept queue that is full already: the counters are those of slow clients'
families='ipv4 ipv6'
expect=accept-queue-full
cause='may be real clients or a flood'
confidence=low
forbidden='net.ipv4.tcp_max_syn_backlog net.ipv4.tcp_abort_on_overflow net.ipv4.tcp_syncookies
    net.core.somaxconn'
within=10
before=7

# Connections opened within the last 5 s would tell of real clients: the daemon starts after that.
prepare() {
    load listen --addr "$listen" --port "$port" --backlog 128 --accept none
    load_there clients --addr "$server" --port "$port" --count 129
    pause 6
    load flood --addr "$server" --port "$port" --source-base "$forged" --subnets \
        --sources 60000 --rate 300 --count 9000
}

condition() {
    :
}
