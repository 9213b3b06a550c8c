# SPDX-License-Identifier: MIT
about='800 clients at once over 100 ms, and a backlog of 1,024 that holds them'
families='ipv4 mapped'
expect=silence
watch=12

prepare() {
    slow_link --delay-msec 50
    load listen --addr "$listen" --port "$port" --backlog 1024
}

condition() {
    for _ in 1 2 3; do
        load_there clients --addr "$server" --port "$port" --count 800 --lifetime-msec 1000 --seconds 5
        pause 3
    done
}

proof() {
    counted PassiveOpens 2400
}
