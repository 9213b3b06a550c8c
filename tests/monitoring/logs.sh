#!/bin/bash
# SPDX-License-Identifier: MIT
# The examples of monitoring/logs: two problems are told by the daemon to a real journald; from there rsyslog
# writes them as JSON, synwaitd-phone posts them, and systemd-journal-upload carries them over TLS to
# systemd-journal-remote in another network namespace. All of it is in namespaces of its own. What Debian does
# not package is only read.
# B names the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
. tests/monitoring/lib.sh

programs=$build/monitoring-logs
logs=monitoring/logs
scratch=/run/scratch
journald=/lib/systemd/systemd-journald

# --- What is only read --------------------------------------------------------------------------------

# The ids in the file are the daemon's, each once.
same_ids() {
    diff <(grep -oE '\b[0-9a-f]{32}\b' "$1" | sort) \
        <(sed -nE 's/^#define MESSAGE_ID_[A-Z0-9_]+ +"(.*)"/\1/p' include/messages.h | sort)
}

says_not_run() {
    head -n 3 "$1" | grep -q 'NOT RUN' && grep -qF "$(basename "$1")" monitoring/README.md
}

yaml_parses() {
    /usr/bin/python3 -c 'import sys, yaml; yaml.safe_load(open(sys.argv[1]))' "$1"
}

# The classic form: comments, [SECTION]s, and keys with values below them.
fluent_bit_form() {
    nothing grep -vnE '^(#.*|\[[A-Z]+\]|    [A-Za-z_.]+ +[^ ].*|)$' "$1"
}

brackets_close() {
    sed 's|^//.*||' "$1" | awk '{
        if (gsub(/"/, "\"") % 2) { print FILENAME ":" FNR ": a quote is open"; exit 1 }
        gsub(/"[^"]*"/, "")
        deep += gsub(/[{[(]/, "") - gsub(/[])}]/, "")
        if (deep < 0) exit 1
    } END { exit deep != 0 }'
}

# Every field that an example names is one that the daemon writes.
fields_exist() {
    local field
    for field in $(grep -ohiE 'synwaitd_[a-z_]+' "$1" | tr '[:lower:]' '[:upper:]' | sort -u); do
        grep -qF "\"$field\"" daemon/report/record.c && continue
        [[ $field =~ ^SYNWAITD_(NUMBERS|HTTP)$ ]] || { echo "no such field: $field"; return 1; }
    done
}

read_examples() {
    local file
    for file in rsyslog.conf vector.yaml fluent-bit.conf filebeat.yml synwaitd.alloy; do
        check "$file has the MESSAGE_ID of every problem" same_ids $logs/$file
        check "$file names fields that exist" fields_exist $logs/$file
    done
    for file in vector.yaml fluent-bit.conf filebeat.yml synwaitd.alloy; do
        check "$file says that it was not run" says_not_run $logs/$file
    done
    if /usr/bin/python3 -c 'import yaml' 2>/dev/null; then
        check 'vector.yaml is YAML' yaml_parses $logs/vector.yaml
        check 'filebeat.yml is YAML' yaml_parses $logs/filebeat.yml
    else
        echo 'SKIPPED YAML of the examples: python3-yaml is not installed'
        checks_skipped=$((checks_skipped + 1))
    fi
    check 'fluent-bit.conf has the classic form' fluent_bit_form $logs/fluent-bit.conf
    check 'synwaitd.alloy closes its brackets' brackets_close $logs/synwaitd.alloy
}

skip_real() {
    echo "SKIPPED rsyslog and journal-remote: $1"
    checks_skipped=$((checks_skipped + 1))
    summary
    exit
}

if [ "${1-}" != inside ]; then
    read_examples
    [ "$(id -u)" -eq 0 ] || skip_real 'needs root for namespaces'
    [ -x $journald ] || skip_real "$journald is not installed"
    needs openssl 'rsyslog and journal-remote' || { summary; exit; }
    tools/fetch-monitoring "$programs" rsyslog systemd-journal-remote || skip_real 'cannot be fetched'
    # The new pid namespace ends with its first process, and all in it with that.
    exec timeout 300 unshare --mount --uts --ipc --net --pid --fork --kill-child --mount-proc \
        "$0" inside $checks_passed $checks_failed $checks_skipped
fi
checks_passed=$2 checks_failed=$3 checks_skipped=$4

# --- Namespaces, journald, certificates ---------------------------------------------------------------

# A directory of the machine, replaced by an empty one.
hide() {
    mkdir -p "$1" && mount -t tmpfs tmpfs "$1"
}

own_directories() {
    hide /run && mkdir -p /run/systemd/journal /run/log/journal /run/lock $scratch && hide /var/log &&
        hide /etc/ssl/private && hide /var/spool && mkdir /var/spool/rsyslog || return
    echo 0123456789abcdef0123456789abcdef >/run/machine-id
    [ ! -e /etc/machine-id ] || mount --bind /run/machine-id /etc/machine-id
    hostname sender.example.net
    printf '127.0.0.1 localhost\n198.51.100.2 logs.example.net\n' >$scratch/hosts
    mount --bind $scratch/hosts /etc/hosts
}

# This namespace is the host's, "collector" the other one.
own_networks() {
    tests/tools/silent-link && ip netns add collector &&
        ip link add up0 type veth peer name down0 netns collector &&
        ip addr add 198.51.100.1/24 dev up0 && ip link set up0 up &&
        ip -n collector addr add 198.51.100.2/24 dev down0 && ip -n collector link set down0 up
}

# certificate NAME HOST-NAME: signed by the test's CA, in the places that the examples name.
certificate() {
    openssl req -newkey rsa:2048 -nodes -keyout "/etc/ssl/private/$1.pem" -out "$scratch/$1.csr" \
        -subj "/CN=$2" || return
    openssl x509 -req -in "$scratch/$1.csr" -CA $scratch/ca.pem -CAkey $scratch/ca.key -CAcreateserial \
        -days 2 -extfile <(echo "subjectAltName=DNS:$2") -out "/etc/ssl/certs/$1.pem"
}

own_certificates() {
    hide /etc/ssl/certs && hide /etc/ssl/ca || return
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout $scratch/ca.key -out $scratch/ca.pem \
        -subj '/CN=Test CA' && cp $scratch/ca.pem /etc/ssl/ca/trusted.pem &&
        certificate journal-remote logs.example.net && certificate journal-upload sender.example.net
}

# Of the kernel's own log and of auditing this journald must keep its hands.
start_journald() {
    mkdir -p /run/systemd/journald.conf.d
    printf '[Journal]\n%s\n' Storage=volatile ReadKMsg=no Audit= RateLimitIntervalSec=0 ForwardToSyslog=no \
        ForwardToWall=no >/run/systemd/journald.conf.d/test.conf
    $journald 2>$scratch/journald.log &
    wait_for 10 test -S /run/systemd/journal/socket
}

# --- The programs -------------------------------------------------------------------------------------

# fetched NAME ARGUMENT...: in the background, with its libraries, in the network namespace $where if that is
# set; $started is its process.
fetched() {
    local program
    program=$(find "$programs" -name "$1" -type f -perm /111)
    shift
    LD_LIBRARY_PATH=$libraries ${where:+nsenter --net=/run/netns/$where} "$program" "$@" &
    started=$!
}

end() {
    kill "$1" && wait "$1" 2>/dev/null
}

# In the place of Debian's rsyslog.conf, whose modules would take the host's sockets.
start_rsyslog() {
    cat >$scratch/rsyslog.conf <<CONF || return
global(workDirectory="/var/spool/rsyslog")
if \$programname == "canary" then { action(type="omfile" file="$scratch/canary") stop }
include(file="$PWD/$logs/rsyslog.conf")
*.* action(type="omfile" file="/var/log/syslog")
CONF
    fetched rsyslogd -n -iNONE -f $scratch/rsyslog.conf \
        -M "$(echo "$programs"/usr/lib/*-linux-gnu/rsyslog)" >>$scratch/rsyslog.log 2>&1
    rsyslog=$started
}

sing() {
    logger --journald <<<$'MESSAGE=tweet\nSYSLOG_IDENTIFIER=canary\nPRIORITY=6' && [ -s $scratch/canary ]
}

# It skips what was there before it, and does not say from when on it reads.
rsyslog_reads() {
    start_rsyslog
    wait_for 20 sing || { cat $scratch/rsyslog.log; return 1; }
}

start_collector() {
    where=collector fetched systemd-journal-remote --listen-https=198.51.100.2:19532 \
        --output=/var/log/journal/remote/ >>$scratch/remote.log 2>&1
    collector=$started
}

# As its unit does with the drop-in: started again whenever it fails.
keep_uploading() {
    while true; do
        fetched systemd-journal-upload --save-state=$scratch/upload.state
        wait $!
        sleep 0.5
    done >>$scratch/upload.log 2>&1
}

lines() {
    [ "$("${@:2}" | wc -l)" -ge "$1" ]
}

# The hosts are up before the collector is.
upload_comes_through() {
    mkdir -p /var/log/journal/remote /run/systemd/journal-{remote,upload}.conf.d || return
    cp $logs/journal-remote/remote.conf /run/systemd/journal-remote.conf.d/
    cp $logs/journal-remote/upload.conf /run/systemd/journal-upload.conf.d/
    keep_uploading &
    wait_for 20 grep -q . $scratch/upload.log || return
    start_collector
    wait_for 20 lines 1 remote -t canary || { cat $scratch/upload.log $scratch/remote.log; return 1; }
}

start_phone() {
    "$build/tools/webhook" 9999 >$scratch/posted 2>$scratch/webhook.log &
    wait_for 10 grep -q READY $scratch/posted || return
    $logs/phone/synwaitd-phone http://127.0.0.1:9999/ 2>$scratch/phone.log &
    wait_for 20 ring || { cat $scratch/phone.log; return 1; }
}

# It does not say either from when on it reads.
ring() {
    logger --journald <<<$'MESSAGE=tweet\nSYSLOG_IDENTIFIER=canary\nPRIORITY=6\nSYNWAITD_EVENT=raised' &&
        grep -qx tweet $scratch/posted
}

# --- Alerts, and where they arrive --------------------------------------------------------------------

start_daemon() {
    mkdir -p /run/synwaitd
    cat >$scratch/synwaitd.conf <<'CONF'
sampling = { interval = "200ms"; cpu-budget = "50%"; walk-max-age = "1s"; };
thresholds = {
  syn-recv     = { hold = "1s"; clear = "2s"; };
  syn-overflow = { hold = "1s"; clear = "2s"; };
  established  = { enabled = true; warning = 50; critical = 500; hold = "1s"; clear = "1s"; };
};
CONF
    RUNTIME_DIRECTORY=/run/synwaitd "$build/synwaitd" --config $scratch/synwaitd.conf --log-target journal &
    daemon=$!
}

# make_trouble COUNT: more connections than wanted, and a flood; once the first are told for the COUNTth time,
# so many that they are critical. All of it ends.
make_trouble() {
    local load=$build/tools/tcpload
    echo 1 >/proc/sys/net/ipv4/tcp_synack_retries
    # They last until their standard input ends.
    sleep 8 | "$load" hold --addr 127.0.0.1 --port 8080 --count 100 >/dev/null &
    sleep 6 | "$load" listen --addr 198.18.0.1 --port 80 --backlog 256 >/dev/null &
    sleep 0.5
    "$load" flood --source-base 100.64.0.1 --sources 60000 --addr 198.18.0.1 --port 80 --rate 4000 \
        --count 12000 >/dev/null
    wait_for 10 lines "$1" pileup raised && sleep 4 |
        "$load" hold --source-base 127.0.0.2 --addr 127.0.0.1 --port 8081 --count 300 >/dev/null
}

# pileup EVENT [MATCH...]
pileup() {
    local_journal SYNWAITD_PROBLEM=established-pileup "SYNWAITD_EVENT=$1" "${@:2}"
}

local_journal() {
    journalctl -q --no-pager -D /run/log/journal -o json "$@"
}

remote() {
    journalctl -q --no-pager -D /var/log/journal/remote -o json "$@"
}

# As they were given to the journal: without what journald and its readers add.
plain() {
    jq -cS 'with_entries(select(.key | startswith("_") | not))' | sort
}

# times_cleared COUNT: both problems, at least so often.
times_cleared() {
    local problem
    for problem in established-pileup syn-flood; do
        lines "$1" local_journal SYNWAITD_PROBLEM=$problem SYNWAITD_EVENT=cleared || return
    done
}

# tell COUNT: after it both problems have been told so often; all of it is kept, and nothing more comes.
tell() {
    start_daemon
    make_trouble "$1" && wait_for 30 times_cleared "$1" || return
    end "$daemon"
    lines "$1" pileup changed SYNWAITD_SEVERITY=critical || { echo 'it did not become critical'; return 1; }
    local_journal SYNWAITD_SCHEMA=1 | plain >$scratch/sent
}

# arrived COMMAND...: what it prints is what was sent, each alert once.
arrived() {
    wait_for 20 lines "$(wc -l <$scratch/sent)" "$@"
    diff $scratch/sent <("$@" | plain)
}

json_lines() {
    cat /var/log/synwaitd.json
}

remote_by_message_id() {
    # shellcheck disable=SC2046 # one word for each id
    remote $(sed -nE 's/^#define MESSAGE_ID_[A-Z0-9_]+ +"(.*)"/MESSAGE_ID=\1/p' include/messages.h)
}

one_problem_is_found() {
    [ "$(remote MESSAGE_ID=f732523bc5a14c898466112f2e876601 SYNWAITD_EVENT=raised |
        jq -r .SYNWAITD_PROBLEM)" = syn-flood ]
}

# Debian 12's journal-remote is built without GnuTLS: it asks for no certificate and goes by the address.
named_by_its_host() {
    ls /var/log/journal/remote
    [ -s /var/log/journal/remote/remote-198.51.100.1.journal ] ||
        [ -s /var/log/journal/remote/remote-CN=sender.example.net.journal ] || return
    [ "$(remote SYNWAITD_SCHEMA=1 | jq -r ._HOSTNAME | sort -u)" = sender.example.net ]
}

# The collector's certificate is from another CA than the host trusts.
untrusted_collector_gets_nothing() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout $scratch/other.key -out $scratch/other.pem \
        -subj '/CN=Other CA' || return
    mount --bind $scratch/other.pem /etc/ssl/ca/trusted.pem || return
    fetched systemd-journal-upload --save-state=$scratch/other.state 2>$scratch/untrusted
    ! wait $started
    umount /etc/ssl/ca/trusted.pem
    cat $scratch/untrusted
    grep -qi 'certificate' $scratch/untrusted
}

# rsyslog and the collector are away while the problems are told a second time.
what_was_missed_comes_later() {
    end "$rsyslog"
    end "$collector"
    tell 2 || return
    start_rsyslog
    start_collector
    arrived json_lines && arrived remote_by_message_id
}

# Its sentence, for each alert that was raised or cleared, or has become critical.
sentences_are_posted() {
    jq -r 'select(.SYNWAITD_EVENT != "changed" or .SYNWAITD_SEVERITY == "critical") | .MESSAGE' \
        $scratch/sent | sort >$scratch/wanted
    wait_for 20 lines "$(wc -l <$scratch/wanted)" posted
    diff $scratch/wanted <(posted | sort) || { cat $scratch/phone.log; return 1; }
}

posted() {
    grep -vx -e READY -e tweet $scratch/posted
}

unit_is_valid() {
    cp $logs/phone/synwaitd-phone.service /run/ &&
        sed -i 's|/usr/local/bin/synwaitd-phone|/bin/true|' /run/synwaitd-phone.service &&
        nothing systemd-analyze verify /run/synwaitd-phone.service
}

no_second_copy() {
    [ ! -e /var/log/syslog ] || nothing grep -F -e synwaitd -e tweet /var/log/syslog
}

libraries=$(echo "$programs"/usr/lib/*-linux-gnu "$programs"/usr/lib/*-linux-gnu/systemd | tr ' ' :)
prepare() {
    own_directories && { own_networks && own_certificates && start_journald; } >$scratch/prepare 2>&1
}

if ! prepare; then
    cat $scratch/prepare
    echo 'not ok namespaces, certificates and journald'
    echo "$checks_passed passed, $((checks_failed + 1)) failed"
    exit 1
fi

step 'rsyslog reads the journal' rsyslog_reads
step 'systemd-journal-upload waits for the collector, and carries the journal there' upload_comes_through
step 'synwaitd-phone starts' start_phone
step 'two problems are told and end' tell 1
step 'rsyslog has each alert once, as JSON with all fields' arrived json_lines
step 'synwaitd-phone posts what is raised, cleared or has become critical' sentences_are_posted
step 'its unit is valid' unit_is_valid
step 'rsyslog writes nothing twice' no_second_copy
step 'the collector has each alert once, with all fields, by MESSAGE_ID' arrived remote_by_message_id
step 'one problem is found there by its MESSAGE_ID' one_problem_is_found
step 'the collector has a journal for the host' named_by_its_host
step 'a collector with an untrusted certificate gets nothing' untrusted_collector_gets_nothing
step 'what was told while both were away comes later, once' what_was_missed_comes_later
summary
