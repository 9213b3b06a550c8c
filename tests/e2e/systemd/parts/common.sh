# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What all parts use. A check runs in a subshell, so what it leaves for others is in a file of $scratch.
build=${B:-build}
load=/src/$build/tools/tcpload
scratch=/run/e2e
dropins=/etc/systemd/system/synwaitd.service.d

# Files written to the root, but for those of systemd and of the tests; and what has our name.
written() {
    find /run/written \( -type f -o -type l -o -name '*synwait*' \) -not -path '/run/written/src/*' |
        sed 's|^/run/written||' |
        grep -vE '^/(var/(lib|cache|log)/(systemd|private|journal)/|etc/(\.pwd|sysctl\.d/zz-e2e))'
    find /run /tmp /var/lib -xdev -name '*synwait*' -not -path '/run/systemd/*' -not -path '/run/written/*'
}

# Times are short, so that alerts come and go within seconds; how much is too much is as shipped.
prepare() {
    mkdir -p "$scratch" && written | sort >"$scratch/before" || return
    mkdir -p /etc/synwaitd/synwaitd.conf.d "$dropins" || return
    # What a flood is answered goes out by this, and nowhere.
    tests/tools/silent-link || return
    cat >/etc/synwaitd/synwaitd.conf.d/10-e2e.conf <<'END'
sampling = { interval = "500ms"; cpu-budget = "20%"; walk-max-age = "1s"; };
thresholds = {
  syn-recv     = { hold = "1s"; clear = "2s"; };
  syn-overflow = { hold = "1s"; clear = "2s"; };
  close-wait   = { hold = "1s"; clear = "1s"; };
  established  = { enabled = true; warning = 500; hold = "1s"; clear = "1s"; };
};
END
    printf '[Service]\nWatchdogSec=3s\n' >"$dropins/90-e2e.conf"
}

# wait_until SECONDS COMMAND...
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt "$end" ] || { echo "not within the time: $*"; return 1; }
        sleep 0.1
    done
}

property() {
    systemctl show "${2:-synwaitd.service}" -p "$1" | cut -d= -f2-
}

main_pid() {
    property MainPID "${1-}"
}

# is PROPERTY VALUE [UNIT]
is() {
    local found
    found=$(property "$1" "${3-}")
    [ "$found" = "$2" ] || { echo "$1 is $found"; return 1; }
}

journal() {
    journalctl -q --no-pager -t synwaitd "$@"
}

# alerts PROBLEM EVENT [MATCH...]: as JSON, one a line.
alerts() {
    local problem=$1 event=$2
    shift 2
    journal -o json "SYNWAITD_PROBLEM=$problem" "SYNWAITD_EVENT=$event" "$@"
}

told() {
    alerts "$@" | grep -q .
}

# How often it was told.
times_told() {
    alerts "$@" | wc -l
}

# load_unit NAME [-p SETTING] ARGUMENT...: load as a service of its own, so that alerts can name it.
load_unit() {
    local name=$1 setting=StandardOutput=null
    shift
    [ "$1" != -p ] || { setting=$2; shift 2; }
    systemd-run --quiet --collect --unit="$name" -p LimitNOFILE=65536 -p "$setting" -- "$load" "$@"
}

# status_figure [OPTION...] FILTER: of what jq finds in the status.
status_figure() {
    jq -e "$@" /run/synwaitd/status.json
}
