# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A flood in the lab's network namespace, and what the journal has of it.
flood_id=f732523bc5a14c898466112f2e876601
# Whether a change has helped is told after a minute; the process is told with a privilege alone (privileges.sh); a
# flood comes from no one peer, and its half-open connections are no state with a table of its own.
not_of_a_flood='OUTCOME_BEFORE|OUTCOME_AFTER|PID|COMM|PEER|STATE'

listens() {
    ss -Hltn | grep 198.18.0.1:80
}

# Without cookies, so that there is a setting to advise, and a file that sets it.
begin_flood() {
    echo 0 >/proc/sys/net/ipv4/tcp_syncookies
    mkdir -p /etc/sysctl.d && echo 'net.ipv4.tcp_syncookies = 0' >/etc/sysctl.d/zz-e2e.conf
    load_unit e2e-web listen --addr 198.18.0.1 --port 80 --backlog 1024 --seconds 300 || return
    wait_until 10 listens || return
    load_unit e2e-flood flood --source-base 100.64.0.1 --sources 60000 --addr 198.18.0.1 --port 80 \
        --rate 4000 --count 60000
}

flood_is_raised() {
    begin_flood && wait_until 15 told syn-flood raised
}

# Done while it lasts, and then the listener goes.
flood_is_ended() {
    echo 1 >/proc/sys/net/ipv4/tcp_syncookies
    wait_until 15 told syn-flood changed || return
    systemctl stop e2e-web e2e-flood 2>/dev/null
    wait_until 20 told syn-flood cleared
}

# Every field that synwaitd(8) has, but for those that a flood has not.
every_field() {
    local field
    journal -o json SYNWAITD_PROBLEM=syn-flood | jq -r 'keys[]' | sort -u >"$scratch/fields"
    grep -oE '^\.It Ev (MESSAGE|MESSAGE_ID|PRIORITY|SYSLOG_IDENTIFIER|SYNWAITD_[A-Z_]+)' man/synwaitd.8 |
        cut -d' ' -f3 | grep -vxE "SYNWAITD_($not_of_a_flood)" >"$scratch/documented"
    [ "$(wc -l <"$scratch/documented")" -ge 30 ] || { echo 'no list of fields'; return 1; }
    while read -r field; do
        grep -qx "$field" "$scratch/fields" || { echo "missing: $field"; return 1; }
    done <"$scratch/documented"
}

# Nothing but what it has documented.
no_other_field() {
    grep -oE 'SYNWAITD_[A-Z_]+' man/synwaitd.8 | sort -u >"$scratch/known"
    nothing grep -vxFf "$scratch/known" <(grep '^SYNWAITD_' "$scratch/fields")
}

# The unit of a cgroup that is new may be known a moment later: cgroups are looked for once in five seconds.
values_are_right() {
    alerts syn-flood raised | head -n 1 | tee "$scratch/raised" | jq -e --arg id $flood_id '
        .MESSAGE_ID == $id and .SYNWAITD_SCHEMA == "1" and .SYNWAITD_NETNS == "host" and
        .PRIORITY == {warning: "4", critical: "3"}[.SYNWAITD_SEVERITY] and
        .SYNWAITD_LOCAL_PORT == "80" and (.SYNWAITD_UNIT // "e2e-web.service") == "e2e-web.service" and
        ._SYSTEMD_UNIT == "synwaitd.service" and ([.[] | type] | all(. == "string"))' >/dev/null ||
        { cat "$scratch/raised"; return 1; }
}

found_by_its_id() {
    journalctl -q --no-pager "MESSAGE_ID=$flood_id" | grep -q 'SYN flood on 198.18.0.1:80'
}

explained() {
    journal -x "MESSAGE_ID=$flood_id" >"$scratch/explained" || return
    cat "$scratch/explained"
    grep -q 'Subject: SYN flood (syn-flood, raised)' "$scratch/explained" &&
        grep -qE 'Evidence: half_open=[0-9]+' "$scratch/explained" &&
        grep -qE 'What to do: 1\) ' "$scratch/explained" && grep -q 'man:synwaitd(8)' "$scratch/explained"
}

# Raised is among the warnings, cleared is not.
chosen_by_priority() {
    journal -p warning -o json >"$scratch/warnings"
    grep -q '"SYNWAITD_EVENT":"raised"' "$scratch/warnings" &&
        ! grep -q '"SYNWAITD_EVENT":"cleared"' "$scratch/warnings"
}

flood_checks() {
    check 'a SYN flood is raised' flood_is_raised
    check 'it is changed by a sysctl, and cleared without its listener' flood_is_ended
    check 'the journal has every field of schema 1 that applies' every_field
    check 'and none that is not documented' no_other_field
    check 'the fields have the right values' values_are_right
    check 'journalctl MESSAGE_ID= finds it' found_by_its_id
    check 'journalctl -x explains it' explained
    check 'journalctl -p warning has raised and not cleared' chosen_by_priority
}
