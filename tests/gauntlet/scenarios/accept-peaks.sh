# SPDX-License-Identifier: MIT
about='40 clients at once every second onto a backlog of 16, all taken promptly'
expect=accept-queue-full
cause='peaks larger than a backlog'
confidence='low medium'
forbidden='net.ipv4.tcp_max_syn_backlog net.ipv4.tcp_abort_on_overflow net.ipv4.tcp_syncookies'
within=8
settle=4

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 16
}

# Each peak stands between two ticks of the daemon, which come every second from its start on: seen at the
# moment of a peak, the queue is full.
condition() {
    local application=${processes[-2]} second
    pause 0.4
    for second in {1..11}; do
        kill -STOP "$application"
        load_there clients --addr "$server" --port "$port" --count 40 --lifetime-msec 100 --seconds 3
        kill -CONT "$application"
        pause_until "$second.4"
    done
}
