# SPDX-License-Identifier: MIT
about='200 CLOSE-WAIT at any time, each closed after two seconds'
families=ipv4
expect=silence
watch=42

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 512 --close-after-msec 2000
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 0 --rate 100 --lifetime-msec 20
}

proof() {
    standing close-wait 150
}
