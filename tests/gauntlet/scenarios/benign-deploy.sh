# SPDX-License-Identifier: MIT
about='a deploy: the listener is restarted three times under load'
expect=silence
watch=10

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 512
}

condition() {
    local application=$loaded
    load_there clients --addr "$server" --port "$port" --count 0 --rate 300 --send 500 --lifetime-msec 50
    for _ in 1 2 3; do
        pause 3
        end "$application"
        pause 0.3
        load listen --addr "$listen" --port "$port" --backlog 512
        application=$loaded
    done
}

proof() {
    counted PassiveOpens 4000
    counted OutRsts 100
}
