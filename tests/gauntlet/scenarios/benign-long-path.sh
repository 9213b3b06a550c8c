# SPDX-License-Identifier: MIT
about='600 real clients a second over 300 ms: 180 of 256 are half-open at any time'
families='ipv4 ipv6'
expect=silence
watch=20

prepare() {
    slow_link --delay-msec 150
    load listen --addr "$listen" --port "$port" --backlog 256
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 0 --rate 600 --lifetime-msec 100 \
        --source-base "$crowd" --sources 4
}

proof() {
    standing syn-recv 150
    counted PassiveOpens 8000
}
