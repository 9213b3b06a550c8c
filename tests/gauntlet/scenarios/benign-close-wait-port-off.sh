# SPDX-License-Identifier: MIT
about='300 CLOSE-WAIT leaked at a port whose rule is off, 200 elsewhere that last for two seconds'
families='ipv4 ipv6'
expect=silence
watch=42
# The port that the administrator does not want to hear of.
config='ports = ({ port = 8081; thresholds = { close-wait = { enabled = false; }; }; });'

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 512 --close-after-msec 2000
    load listen --addr "$listen" --port 8081 --backlog 512 --leak
    load_there clients --addr "$server" --port 8081 --count 300 --lifetime-msec 100
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 0 --rate 100 --lifetime-msec 20
}

proof() {
    standing close-wait 450
}
