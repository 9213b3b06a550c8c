# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Reloads, and what may befall a service and journald, while the leak lasts.
configured=/etc/synwaitd/synwaitd.conf.d/20-reload.conf

# Which configuration runs shows in whether status.json is written.
reloads_a_good_file() {
    local before
    before=$(main_pid)
    echo 'output = { metrics = false; };' >$configured
    [ -e /run/synwaitd/synwaitd.prom ] && systemctl reload synwaitd && [ ! -e /run/synwaitd/synwaitd.prom ] || return
    [ "$(main_pid)" = "$before" ] && is ActiveState active
}

keeps_running_with_a_bad_file() {
    local before
    before=$(main_pid)
    echo 'output = { metrics = perhaps; };' >$configured
    ! systemctl reload synwaitd 2>/dev/null || { echo 'the reload did not fail'; return 1; }
    [ "$(main_pid)" = "$before" ] && is ActiveState active && [ ! -e /run/synwaitd/synwaitd.prom ] || return
    wait_until 10 says_that_it_stays
}

# The daemon itself, not only the check of the unit.
says_that_it_stays() {
    journal | grep -q 'reload failed, the running configuration stays: .*20-reload.conf:1'
}

validity_is() {
    grep -qx "synwaitd_configuration_valid $1" /run/synwaitd/synwaitd.prom
}

# What an alert rests on: the next start would fail.
shows_that_the_file_is_bad() {
    rm $configured && systemctl reload synwaitd && wait_until 10 validity_is 1 || return
    echo 'output = { metrics = perhaps; };' >$configured
    ! systemctl reload synwaitd 2>/dev/null && wait_until 10 validity_is 0 || return
    rm $configured && systemctl reload synwaitd && wait_until 10 validity_is 1
}

reload_checks() {
    check 'a good file is reloaded' reloads_a_good_file
    check 'a bad file fails the reload, the old configuration runs' keeps_running_with_a_bad_file
    check 'and shows in the metrics until it is mended' shows_that_the_file_is_bad
    rm -f $configured
    systemctl reload synwaitd
}

runs_instead_of() {
    [ "$(main_pid)" -gt 0 ] && [ "$(main_pid)" != "$1" ] && is ActiveState active
}

# restarted_by COMMAND...: does it to the daemon, which then runs again as another process.
restarted_by() {
    local before
    before=$(main_pid)
    "$@" || return
    wait_until 20 runs_instead_of "$before"
}

# Its sampling is stuck, and with it the signs of life.
stop_sampling() {
    kill -STOP "$(main_pid)"
}

watchdog_restarts_it() {
    restarted_by stop_sampling && journalctl -q --no-pager _PID=1 -u synwaitd | grep -q 'Watchdog timeout'
}

is_restarted_after_a_kill() {
    restarted_by systemctl kill -s KILL synwaitd
}

reload_lines() {
    journal | grep -c 'configuration reloaded'
}

reload_lines_are() {
    [ "$(reload_lines)" -eq "$1" ]
}

journald_is_restarted() {
    local before lines
    before=$(main_pid)
    lines=$(reload_lines)
    systemctl restart systemd-journald && systemctl reload synwaitd || return
    wait_until 10 reload_lines_are $((lines + 1)) && [ "$(main_pid)" = "$before" ]
}

fault_checks() {
    check 'the watchdog restarts a daemon that is stuck' watchdog_restarts_it
    check 'it comes back with the same incident' leak_is_known
    check 'it is restarted after SIGKILL' is_restarted_after_a_kill
    check 'and comes back with the same incident' leak_is_known
    check 'journald restarted: the next line is there' journald_is_restarted
}

samples() {
    status_figure .ticks
}

# 20 s, several times what the watchdog allows; another problem is raised in the meantime.
journald_stopped() {
    local pid before journald
    pid=$(main_pid)
    before=$(samples)
    journald=$(main_pid systemd-journald.service)
    kill -STOP "$journald"
    "$load" hold --addr 127.0.0.1 --port 8081 --count 300 --seconds 60 </dev/null >/dev/null &
    local second=$!
    sleep 20
    samples >"$scratch/samples"
    kill -CONT "$journald"
    wait_until 15 told established-pileup raised || return
    kill $second
    [ "$(main_pid)" = "$pid" ] || { echo 'restarted'; return 1; }
    wait_until 15 told established-pileup cleared || return
    [ $(($(cat "$scratch/samples") - before)) -ge 20 ] || { echo 'sampling stood still'; return 1; }
    [ "$(status_figure .alerts_dropped)" -eq 0 ]
}

journal_checks() {
    check 'journald stopped for 20 s: sampling goes on, no alert is lost' journald_stopped
}

leak_is_cleared() {
    systemctl stop e2e-leak
    wait_until 15 told close-wait-leak cleared "SYNWAITD_INCIDENT=$(cat "$scratch/leak.id")" &&
        [ "$(times_told "${leak[@]}")" -eq 1 ]
}

leak_end_checks() {
    check 'the leak is cleared under its first id, after all restarts' leak_is_cleared
}
