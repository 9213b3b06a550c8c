# SPDX-License-Identifier: MIT
about='a load test: 1,000 short connections a second'
families='ipv4 ipv6'
expect=silence
watch=20

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 1024
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 0 --rate 1000 --send 500 --lifetime-msec 20 \
        --source-base "$crowd" --sources 4
}

proof() {
    counted PassiveOpens 15000
}
