# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For the parts of the bench. They run in a network namespace of their own and write what they measured, one
# JSON object a line, to standard output; what they have to say to people goes to standard error.
# shellcheck disable=SC2154 # build: where the programs are, set by the part

fail() {
    echo "bench: $1" >&2
    exit 1
}

say() {
    echo "bench: $1" >&2
}

# start COMMAND...: runs tcpload until the namespace ends; waits until what it makes stands.
start() {
    local output ready
    exec {output}< <(exec "$build/tools/tcpload" "$@" --seconds 3600)
    read -r ready <&"$output" || ready=
    exec {output}<&-
    [ "${ready%% *}" = READY ] || fail "the sockets could not be made: tcpload $1"
}

count_of() { # a state's name as in ss
    ss -Htn state "$1" | wc -l
}

# The most connections that one process can hold, both ends of each: hard limits of 20,000 files exist that
# root may be unable to raise.
pairs_per_process=9000

# make_established COUNT: so many sockets, both ends of each connection counted. No listener stays.
make_established() {
    local pairs=$(($1 / 2)) made n count
    for ((made = 0, n = 1; made < pairs; made += pairs_per_process, n++)); do
        count=$((pairs - made < pairs_per_process ? pairs - made : pairs_per_process))
        start hold --addr 127.0.0.1 --port $((10000 + n)) --source-base "127.$n.0.1" --count $count --unlisten
    done
}
