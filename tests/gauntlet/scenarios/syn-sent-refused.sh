# SPDX-License-Identifier: MIT
about='1,500 connects a second to a closed port, 600 ms away'
families='ipv4 ipv6'
expect=syn-sent-stall
cause='end with a reset'
confidence='medium high'
forbidden='net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse net.ipv4.tcp_syn_retries'
within=25

prepare() {
    slow_link --delay-msec 300
}

condition() {
    load clients --addr "$peer" --port "$peer_port" --count 0 --rate 1500
}
