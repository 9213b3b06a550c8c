# SPDX-License-Identifier: MIT
about='150 CLOSE-WAIT stand when the host falls asleep; awake again, the application closes them'
expect=silence
watch=12

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 512 --leak
}

# What the daemon did not see cannot count: it has seen them for less than 15 s, and 30 s are asked for.
condition() {
    local application=$loaded
    load_there clients --addr "$server" --port "$port" --count 150 --lifetime-msec 50
    pause 3
    kill -STOP "$daemon"
    pause 25
    kill -CONT "$daemon"
    pause 9
    end "$application"
}

proof() {
    counted PassiveOpens 150
}
