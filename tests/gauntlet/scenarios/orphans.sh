# SPDX-License-Identifier: MIT
about='500 sockets closed by their process, which the peers do not acknowledge'
families='ipv4 ipv6'
expect=orphan-pressure
cause='have been closed by their process'
confidence='medium high'
forbidden='net.ipv4.tcp_max_orphans net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_reuse'
# tcp_max_orphans is not in a child namespace: the default, a share of it, is never judged there.
config='thresholds = { orphans = { warning = 400; critical = 100000; }; };'
within=18

condition() {
    load orphans --addr "$unreachable" --port "$peer_port" --count 500 --source-base "$silent"
}
