# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Installing, starting, and upgrading over what runs.
leak_port=8080
leak=(close-wait-leak raised "SYNWAITD_LOCAL_PORT=$leak_port")

make_quietly() {
    make --no-print-directory -s "$@"
}

# The same source, built as an earlier version; only what knows the version is compiled again.
install_older() {
    mkdir -p build/older && cp -a "$build/release" build/older/ || return
    [ ! -d "$build/bpf" ] || cp -a "$build/bpf" build/older/
    grep -l SYNWAITD_VERSION daemon/*.c daemon/*/*.c ctl/*.c |
        sed 's|^|build/older/release/|; s|c$|o|' | xargs rm -f
    make_quietly B=build/older VERSION=0.0.9 install && systemctl daemon-reload
}

# Held up before it can say READY, the start is not over.
start_blocks_until_ready() {
    mkfifo -m 644 "$scratch/gate" && chmod 755 "$scratch" || return
    printf '[Service]\nExecStart=\nExecStart=/bin/sh -c "read -r go <%s; exec /usr/sbin/synwaitd"\n' \
        "$scratch/gate" >"$dropins/95-gate.conf"
    systemctl daemon-reload
    systemctl start synwaitd &
    local starting=$! held
    exec 8>"$scratch/gate" # opened once it waits there
    held=$(property ActiveState)
    kill -0 $starting || held='already over'
    echo go >&8
    exec 8>&-
    wait $starting || return
    rm "$dropins/95-gate.conf"
    systemctl daemon-reload
    [ "$held" = activating ] || { echo "held up, it is $held"; return 1; }
    is ActiveState active && is NRestarts 0
}

status_line() {
    property StatusText | grep -E '^[0-9]+ open incidents?, ESTABLISHED [0-9]+, SYN-RECV [0-9]+'
}

has_status_line() {
    wait_until 10 status_line
}

enabled() {
    systemctl enable --quiet synwaitd && [ -L /etc/systemd/system/multi-user.target.wants/synwaitd.service ]
}

# Nothing of the network, whose troubles it is to see, comes before it or waits for it.
not_ordered_by_the_network() {
    local order
    order="$(property After) $(property Before) $(property Requires) $(property Wants)"
    nothing grep -oE '[^ ]*(network|remote-fs|nss-lookup|time-sync)[^ ]*' <<<"$order"
}

start_checks() {
    check 'start blocks until READY' start_blocks_until_ready
    check 'systemctl status has a line of what it sees' has_status_line
    check 'enable' enabled
    check 'it waits for nothing of the network' not_ordered_by_the_network
}

leak_is_raised() {
    load_unit e2e-leak leak --addr 127.0.0.1 --port $leak_port --count 200 --seconds 600 || return
    wait_until 15 told "${leak[@]}" || return
    alerts "${leak[@]}" | jq -r .SYNWAITD_INCIDENT >"$scratch/leak.id"
    [ "$(alerts "${leak[@]}" | jq -r .SYNWAITD_UNIT)" = e2e-leak.service ]
}

leak_begins() {
    check 'a leak is raised and laid to its unit' leak_is_raised
}

leak_in_status() {
    # shellcheck disable=SC2016 # a variable of jq's
    status_figure --arg id "$(cat "$scratch/leak.id")" \
        '.incidents[] | select(.problem == "close-wait-leak" and .id == $id)'
}

# The daemon that runs now has the incident of the leak, under the id of its first alert, told once.
leak_is_known() {
    wait_until 15 leak_in_status || { cat /run/synwaitd/status.json; return 1; }
    [ "$(times_told "${leak[@]}")" -eq 1 ] || { echo 'raised again'; return 1; }
}

is_version() {
    [ "$(status_figure -r .version)" = "$1" ]
}

upgrade() {
    local before
    before=$(main_pid)
    is_version 0.0.9 && make_quietly B="$build" install || return
    [ "$(main_pid)" = "$before" ] || { echo 'installing has ended it'; return 1; }
    systemctl daemon-reload && systemctl restart synwaitd || return
    wait_until 10 is_version "$(sed -n 's/^VERSION := //p' Makefile)"
}

upgrade_checks() {
    check 'upgrade over a running older build' upgrade
    check 'after it the incident has the same id' leak_is_known
}

process_status() {
    grep -E "^$1:" "/proc/$(main_pid)/status" | cut -f2-
}

no_capabilities() {
    local set
    for set in CapInh CapPrm CapEff CapBnd CapAmb; do
        [ "$(process_status $set)" = 0000000000000000 ] || { echo "$set: $(process_status $set)"; return 1; }
    done
}

own_namespace() {
    [ "$(readlink "/proc/$(main_pid)/ns/$1")" != "$(readlink "/proc/1/ns/$1")" ]
}

confined() {
    [ "$(process_status NoNewPrivs)" = 1 ] && [ "$(process_status Seccomp)" = 2 ] && own_namespace user &&
        own_namespace mnt && ! own_namespace net
}

# systemd's range for dynamic users.
has_a_dynamic_user() {
    local uid
    uid=$(process_status Uid | cut -f1)
    [ "$uid" -ge 61184 ] && [ "$uid" -le 65519 ]
}

root_is_read_only() {
    awk '$5 == "/" && $6 ~ /^ro/ { found = 1 } END { exit !found }' "/proc/$(main_pid)/mountinfo"
}

# Where the lab's cgroup has these controllers, the kernel holds the limits, too.
limited() {
    local cgroup
    cgroup=/sys/fs/cgroup$(property ControlGroup)
    is MemoryMax $((64 << 20)) && is MemorySwapMax 0 && is TasksMax 16 || return
    [ ! -e "$cgroup/memory.max" ] || [ "$(cat "$cgroup/memory.max")" -eq $((64 << 20)) ] || return
    [ ! -e "$cgroup/pids.max" ] || [ "$(cat "$cgroup/pids.max")" -eq 16 ]
}

# Where root itself may lower nothing (no CAP_SYS_RESOURCE), systemd goes on without.
outlives_others() {
    is OOMScoreAdjust -900 || return
    ! (echo -900 >/proc/self/oom_score_adj) 2>/dev/null || [ "$(cat "/proc/$(main_pid)/oom_score_adj")" -eq -900 ]
}

# exposure_at_most MOST [UNIT]
exposure_at_most() {
    local found
    found=$(systemd-analyze security --no-pager "${2:-synwaitd.service}" |
        sed -nE 's/.*Overall exposure level for .*: ([0-9.]+) .*/\1/p')
    echo "exposure ${found:-unknown}"
    awk -v found="$found" -v most="$1" 'BEGIN { exit !(found != "" && found + 0 <= most + 0) }'
}

# What systemd itself has to say of it: settings that it does not know, for example, but for those of later versions.
verified() {
    local known=none
    [ "$(systemctl --version | sed -nE '1s/^systemd ([0-9]+).*/\1/p')" -ge 248 ] || known="'PrivateIPC'"
    systemd-analyze verify --man=no /usr/lib/systemd/system/synwaitd{,@blue}.service >"$scratch/verified" 2>&1
    sed -i "/Unknown key name $known/d" "$scratch/verified"
    nothing grep -i synwaitd "$scratch/verified"
}

readable_by_others() {
    setpriv --reuid 65534 --regid 65534 --clear-groups synwaitctl status --json |
        jq -e '.schema == 1 and .states.LISTEN >= 1 and .stale == false'
}

sandbox_checks() {
    check 'no capabilities' no_capabilities
    check "NoNewPrivs, seccomp, user and mount namespaces of its own, the host's network" confined
    check 'a dynamic user' has_a_dynamic_user
    check 'the root is read-only' root_is_read_only
    check 'memory and tasks are limited' limited
    check 'it is killed late when memory is short' outlives_others
    check 'exposure is 0.8 at most' exposure_at_most 0.8
    check 'no complaint of systemd about the units' verified
    iterator_checks
    check 'status.json is readable without privileges' readable_by_others
}
