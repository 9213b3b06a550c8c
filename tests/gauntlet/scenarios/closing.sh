# SPDX-License-Identifier: MIT
about='300 connections closed from both sides at once, and the acknowledgements are lost'
families='ipv4 ipv6'
expect=closing-stall
cause='Both sides closed at once'
confidence='medium high'
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_reuse'
config='thresholds = { closing = { warning = 200; critical = 5000; hold = "5s"; }; };' # default: 500 for 60 s
within=18

# With a second each way: at 3 s the server has its connections and closes, at 3.5 s the clients close, whose
# FINs are here at 4.5 s; what the clients acknowledge from 3.5 s on is lost.
prepare() {
    slow_link --delay-msec 1000
    load listen --addr "$listen" --port "$port" --backlog 1024 --close-first
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 300 --lifetime-msec 1500
    pause 3.4
    slow_link_now lose-here ack
    begins
}
