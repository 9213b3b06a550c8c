#!/bin/bash
# SPDX-License-Identifier: MIT
# What the daemon writes where somebody has put something else: as root it follows no link and writes to
# nobody else's file; the modes are as documented, whatever the umask. With ten connections in a network
# namespace of its own to write about. B names the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

build=${B:-build}

own_namespaces 'written files' "$@"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
run=$scratch/run state=$scratch/state victim=$scratch/victim absent=$scratch/absent
chmod 755 "$scratch"
ip link set lo up
echo 'sampling = { interval = "100ms"; };
thresholds = { established = { enabled = true; warning = 5; hold = "0s"; }; };' >"$scratch/conf"
mkfifo "$scratch/ready"
"$build/tools/tcpload" hold --addr 127.0.0.1 --port 8080 --count 10 --seconds 600 </dev/null \
    >"$scratch/ready" &
read -r _ <"$scratch/ready"

# New directories, and a file elsewhere that must stay as it is.
lay_out() {
    rm -rf "$run" "$state" "$absent"
    mkdir "$run" "$state"
    echo untouched >"$victim"
    chmod 600 "$victim"
}

# daemon [TICKS [COMMAND...]]: COMMAND runs it.
daemon() {
    local ticks=${1:-3}
    shift
    RUNTIME_DIRECTORY=$run STATE_DIRECTORY=$state timeout -k 5 20 "$@" "$build/synwaitd" \
        --config "$scratch/conf" --log-target json --ticks "$ticks" >/dev/null 2>"$scratch/log"
}

victim_is_untouched() {
    [ "$(cat "$victim")" = untouched ] && [ "$(stat -c '%a %U' "$victim")" = '600 root' ] &&
        [ ! -e "$absent" ]
}

# Regular files of their own, with these modes, and nothing temporary.
files_are_right() {
    local got
    got=$(cd "$scratch" && find run state -mindepth 1 -printf '%p %m %y %n %U\n' | sort)
    [ "$got" = "run/status.json 644 f 1 0
run/synwaitd.prom 644 f 1 0
state/incidents.json 600 f 1 0" ] || { echo "$got"; cat "$scratch/log"; return 1; }
}

files_have_modes_with_umask() {
    lay_out
    (umask "$1" && daemon 3) && files_are_right
}

# plant WHAT AT
plant() {
    case $1 in
    link) ln -s "$victim" "$2" ;;
    'dangling link') ln -s "$absent" "$2" ;;
    'hard link') ln "$victim" "$2" ;;
    FIFO) mkfifo "$2" ;;
    "another's file") echo old >"$2" && chmod 666 "$2" && chown 65534 "$2" ;;
    directory) mkdir "$2" ;;
    esac
}

replaces() {
    lay_out
    plant "$1" "$2"
    daemon 3 && victim_is_untouched && files_are_right
}

# Told once, and the daemon goes on. Reading open incidents fails, too.
stops_at_a_directory() {
    lay_out
    plant directory "$1"
    daemon 5 && [ -d "$1" ] || return
    cat "$scratch/log"
    [ "$(grep -v forgotten "$scratch/log" | grep -c 'Is a directory')" -eq 1 ]
}

# Somebody who may write to the directory puts the link there again and again.
survives_a_race() {
    local racer
    lay_out
    chmod 777 "$run"
    (while :; do ln -sfn "$victim" "$run/.status.json.tmp"; ln -sf "$victim" "$run/status.json"; done) &
    racer=$!
    daemon 30
    local code=$?
    kill $racer
    wait $racer 2>/dev/null
    [ $code -eq 0 ] && victim_is_untouched
}

as_nobody() {
    daemon 3 setpriv --reuid 65534 --regid 65534 --clear-groups
}

# It can do nothing about a state directory of another user, says so, and does its work.
does_without_the_state() {
    lay_out
    chown 65534 "$run"
    chown 65533 "$state"
    chmod 700 "$state"
    cp "$build/synwaitd" "$scratch/synwaitd"
    build=$scratch as_nobody || return
    cat "$scratch/log"
    [ -s "$run/status.json" ] && [ -z "$(ls "$state")" ] &&
        grep -q 'Permission denied: open incidents would not outlive a restart' "$scratch/log"
}

takes_another_users_directory_as_it_is() {
    lay_out
    chown 65533 "$state"
    chmod 700 "$state"
    daemon 3 && files_are_right && [ "$(stat -c '%a %u' "$state")" = '700 65533' ]
}

for mask in 0 077; do
    check "modes with umask $mask" files_have_modes_with_umask $mask
done
for file in "$run/status.json" "$run/synwaitd.prom" "$state/incidents.json"; do
    name=${file##*/}
    for what in link 'dangling link' 'hard link' FIFO "another's file"; do
        check "$what at $name" replaces "$what" "$file"
        check "$what at .$name.tmp" replaces "$what" "${file%/*}/.$name.tmp"
    done
    check "directory at $name" stops_at_a_directory "$file"
    check "directory at .$name.tmp" stops_at_a_directory "${file%/*}/.$name.tmp"
done
check 'links put there while it writes' survives_a_race
check "another user's state directory" does_without_the_state
check "another user's state directory, as root" takes_another_users_directory_as_it_is
summary
