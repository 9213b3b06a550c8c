# SPDX-License-Identifier: MIT
about='2,000 tracked connections'
expect=conntrack-full
cause='nf_conntrack_max allows'
confidence='medium high'
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_reuse net.ipv4.tcp_max_tw_buckets'
# A child namespace cannot lower nf_conntrack_max, so a count stands for the share.
config='thresholds = { conntrack = { warning = 1500; critical = 10000000; }; };'
within=16

condition() {
    load conntrack --count 2000
}
