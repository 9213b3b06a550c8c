# SPDX-License-Identifier: MIT
about='a busy proxy: hundreds of connections kept on both sides, and some new ones all the time'
expect=silence
watch=25

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 1024 --keepalive
    load_there listen --addr "$peer_listen" --port "$peer_port" --backlog 1024
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 500 --send 5000 --keepalive
    load clients --addr "$peer" --port "$peer_port" --count 500 --send 5000 --keepalive
    load_there clients --addr "$server" --port "$port" --count 0 --rate 100 --send 2000 --lifetime-msec 2000
    load clients --addr "$peer" --port "$peer_port" --count 0 --rate 100 --send 2000 --lifetime-msec 2000
}

proof() {
    standing established 1000
    counted PassiveOpens 2500
    counted ActiveOpens 2500
}
