# SPDX-License-Identifier: MIT
about='settings that weaken the host, from the start'
expect=unsafe-sysctl
cause='weaken this host'
confidence=high
advice='net.ipv4.tcp_timestamps net.ipv4.tcp_abort_on_overflow net.ipv4.tcp_fin_timeout'
within=5

prepare() {
    sysctl_here net.ipv4.tcp_timestamps 0
    sysctl_here net.ipv4.tcp_abort_on_overflow 1
    sysctl_here net.ipv4.tcp_fin_timeout 5
}

condition() {
    :
}
