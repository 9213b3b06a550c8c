# SPDX-License-Identifier: MIT
about='a scanner leaves 50 half-opens on a backlog of 128 and 50 on one of 64'
families='ipv4 mapped'
expect=silence
watch=15

prepare() {
    load listen --addr "$listen" --port "$port" --backlog 128
    load listen --addr "$listen" --port 8081 --backlog 64
}

condition() {
    load flood --addr "$server" --port "$port" --source-base "$forged" --sources 3 --rate 50 --count 50
    load flood --addr "$server" --port 8081 --source-base "$forged" --sources 3 --rate 50 --count 50
}

proof() {
    standing syn-recv 50
}
