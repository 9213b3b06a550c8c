# SPDX-License-Identifier: MIT
about='36,000 open sockets: all can be counted, and none of them is a problem'
expect=silence
watch=15

condition() {
    load hold --addr 127.0.0.1 --port "$port" --count 9000 --source-base 127.1.0.1
    load hold --addr 127.0.0.1 --port 8081 --count 9000 --source-base 127.2.0.1
}

proof() {
    standing established 36000
}
