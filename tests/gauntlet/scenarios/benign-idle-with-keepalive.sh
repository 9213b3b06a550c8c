# SPDX-License-Identifier: MIT
about='as established-idle, but with keepalive: many, and nothing worse'
expect=established-pileup
cause='above the configured threshold'
confidence='low medium high'
forbidden='net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout'
# Off by default.
config='thresholds = { established = { enabled = true; warning = 300; critical = 500000; hold = "5s"; }; };'
within=12
before=65

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 1024 --keepalive
    load_there clients --addr "$server" --port "$port" --count 400
    pause 62
}

condition() {
    :
}
