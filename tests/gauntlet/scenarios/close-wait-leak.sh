about='200 clients have closed, the application keeps the sockets'
families='ipv4 ipv6'
expect=close-wait-leak
cause='it holds the descriptors'
confidence=high
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_reuse net.ipv4.tcp_keepalive_time'
within=38

condition() {
    load leak --addr "$server" --port "$port" --count 200
}
