# SPDX-License-Identifier: MIT
about='700 connects that nobody answers'
families='ipv4 ipv6'
expect=syn-sent-stall
cause='are not answered'
confidence='medium high'
forbidden='net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse net.ipv4.tcp_syn_retries'
within=25

condition() {
    load clients --addr "$unreachable" --port "$peer_port" --count 700
}
