# SPDX-License-Identifier: MIT
about='400 connections without keepalive that have been idle for a minute'
families=ipv4
expect=established-pileup
cause='no timer runs on them'
confidence='medium high'
forbidden='net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_reuse'
# Off by default.
config='thresholds = { established = { enabled = true; warning = 300; critical = 500000; hold = "5s"; }; };'
within=12
before=65

# Idle is what has been so for a minute.
prepare() {
    load listen --addr "$listen" --port "$port" --backlog 1024
    load_there clients --addr "$server" --port "$port" --count 400
    pause 62
}

condition() {
    :
}
