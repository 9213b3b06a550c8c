# SPDX-License-Identifier: MIT
about='50 connects a second to a closed port, in both directions'
expect=silence
watch=20

condition() {
    load_there clients --addr "$server" --port "$port" --count 0 --rate 50
    load clients --addr "$peer" --port "$peer_port" --count 0 --rate 50
}

proof() {
    counted OutRsts 500
    counted AttemptFails 500
}
