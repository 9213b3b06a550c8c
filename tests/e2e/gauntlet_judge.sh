#!/bin/bash
# SPDX-License-Identifier: MIT
# The gauntlet's judge sees each way in which a run can differ from what its scenario expects.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

# alert FIELD=VALUE...: a raised alert at 103 s, right in all, with these fields changed.
alert() {
    local field set=()
    for field in "$@"; do
        set+=(--arg "${field%%=*}" "${field#*=}")
    done
    jq -nc "${set[@]}" '{MESSAGE: "m", SYNWAITD_PROBLEM: "syn-flood", SYNWAITD_EVENT: "raised",
        SYNWAITD_CONFIDENCE: "high", SYNWAITD_CAUSE: "forged", SYNWAITD_NOT_ADVISED: "n",
        SYNWAITD_LOCAL: "192.0.2.1:80", SYNWAITD_SYSCTL: "net.a=1 net.b=10 20",
        SYNWAITD_LIMIT_SOURCE: "backlog"} + ($ARGS.named | del(.at))
        | {at: ($ARGS.named.at // "103" | tonumber), alert: .}'
}

# judged EXPECT [NOT-PROBLEM]: the differences told of the alerts on standard input.
judged() {
    jq -rs -f tests/gauntlet/judge.jq --arg family ipv4 --arg expect "$1" --arg cause forged \
        --arg final_cause refined --arg confidence 'medium high' --arg advice 'net.b net.a' \
        --arg forbidden net.c --arg limit_source backlog --arg within 5 \
        --arg also unsafe-sysctl --arg not_problem "${2-}" --arg began 100 | sed 1,2d
}

# differs NAME EXPECT DIFFERENCE [NOT-PROBLEM]: the first difference that the alerts on standard input have.
differs() {
    local told
    told=$(judged "$2" "${4-}" | head -n 1)
    check "$1" grep -F -- "$3" <<<"$told"
}

# agrees NAME EXPECT [NOT-PROBLEM]: that they have none.
agrees() {
    local told
    told=$(judged "$2" "${3-}")
    check "$1" nothing echo -n "$told"
}

if ! needs jq 'the judge'; then
    summary
    exit
fi
long=$(printf '%400s' '')
agrees 'an alert as expected' syn-flood < <(alert)
agrees 'a problem that may come too' syn-flood < <(alert; alert SYNWAITD_PROBLEM=unsafe-sysctl)
agrees 'a refined diagnosis' syn-flood < <(alert; alert SYNWAITD_EVENT=changed SYNWAITD_CAUSE=refined)
agrees 'silence' silence </dev/null
agrees 'another alert where only one is wrong' silence syn-backlog-small < <(alert)
differs 'no alert' syn-flood 'not raised' </dev/null
differs 'an alert instead of silence' silence 'wrong alert: syn-flood' < <(alert)
differs 'the one alert that is wrong' silence 'wrong alert: syn-flood' syn-flood < <(alert)
differs 'another problem besides' syn-flood 'wrong alert: close-wait-leak' \
    < <(alert; alert SYNWAITD_PROBLEM=close-wait-leak)
differs 'another cause' syn-flood 'cause is not "forged": real' < <(alert SYNWAITD_CAUSE=real)
differs 'another cause later' syn-flood 'diagnosis changed to: real' \
    < <(alert; alert SYNWAITD_EVENT=changed SYNWAITD_CAUSE=real)
differs 'too little confidence' syn-flood 'confidence low, not medium high' < <(alert SYNWAITD_CONFIDENCE=low)
differs 'advice left out' syn-flood 'advises [net.a], not [net.b net.a]' < <(alert SYNWAITD_SYSCTL=net.a=1)
differs 'forbidden advice later' syn-flood 'advises net.c, which is wrong' \
    < <(alert; alert SYNWAITD_EVENT=changed SYNWAITD_SYSCTL='net.a=1 net.c=2')
differs 'another limit' syn-flood 'limit source cap, not backlog' < <(alert SYNWAITD_LIMIT_SOURCE=cap)
differs 'too late' syn-flood 'raised after 6 s, not within 5 s' < <(alert at=106)
differs 'raised twice' syn-flood 'raised 2 times' < <(alert; alert)
differs 'another family' syn-flood 'LOCAL=[2001:db8::1]:80' < <(alert SYNWAITD_LOCAL='[2001:db8::1]:80')
differs 'a MESSAGE too long' syn-flood 'MESSAGE of 400 bytes' < <(alert MESSAGE="$long")
differs 'no wrong remedies named' syn-flood 'no NOT_ADVISED' < <(alert SYNWAITD_NOT_ADVISED=)
summary
