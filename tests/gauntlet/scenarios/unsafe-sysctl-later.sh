# SPDX-License-Identifier: MIT
about='syncookies are turned off while the daemon runs, and the port bounds set to the same parity'
expect=unsafe-sysctl
cause='weaken this host'
confidence=high
advice='net.ipv4.tcp_syncookies net.ipv4.ip_local_port_range'
within=15 # sysctls are read every 10 s

condition() {
    pause 2
    sysctl_here net.ipv4.ip_local_port_range '40000 50000'
    sysctl_here net.ipv4.tcp_syncookies 0
    begins
}
