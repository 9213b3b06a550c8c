# SPDX-License-Identifier: MIT
about='400 connections on which data is sent again and again without an answer'
families='ipv4 ipv6'
expect=established-pileup
cause='without an answer'
confidence='medium high'
forbidden='net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout'
# Off by default.
config='thresholds = { established = { enabled = true; warning = 300; critical = 500000; hold = "5s"; }; };'
within=12
before=6

# The daemon starts when each has been sent again three times.
prepare() {
    slow_link --delay-msec 20 --lose-there data
    load_there listen --addr "$peer_listen" --port "$peer_port" --backlog 1024
    load clients --addr "$peer" --port "$peer_port" --count 400 --send 1000
    pause 5
}

condition() {
    :
}
