# SPDX-License-Identifier: MIT
about='40 clients whose SYN-ACKs are lost: too few to be told'
expect=silence
watch=15

prepare() {
    slow_link --delay-msec 20 --lose-there synack
    load listen --addr "$listen" --port "$port" --backlog 64
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 40
}

proof() {
    standing syn-recv 40
}
