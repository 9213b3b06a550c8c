# SPDX-License-Identifier: MIT
about='600 connections on which both sides called connect() at once, without further answers'
families='ipv4 ipv6'
expect=syn-sent-stall
cause='towards each other at the same time'
confidence='medium high'
forbidden='net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies net.ipv4.tcp_max_syn_backlog'
within=25

condition() {
    load simultaneous --addr "$unreachable" --port "$peer_port" --count 600 --source-base "$silent"
}
