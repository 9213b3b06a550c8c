# SPDX-License-Identifier: MIT
about='30,000 open sockets: all can be counted, and none of them is a problem'
expect=silence
watch=15

condition() {
    load hold --addr 127.0.0.1 --port "$port" --count 15000 --source-base 127.1.0.1
}
