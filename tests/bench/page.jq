# SPDX-License-Identifier: MIT
# From bench.json to the page that people read: Markdown whose tables are readable as they stand.

def thousands: tostring | [while(length > 0; .[:-3]) | .[-3:]] | reverse | join(",");
def pad($width): . + " " * ($width - length);

# About three digits: 0.0529, 12.3, 1,234.
def digits:
    if . == null then "not measured"
    elif . > 0 and . < 0.0005 then "< 0.001"
    elif . >= 100 then round | thousands
    elif . >= 10 then . * 10 | round | "\((. / 10) | floor).\(. % 10)"
    elif . >= 1 then . * 100 | round | "\((. / 100) | floor).\(. % 100 | tostring | "0" * (2 - length) + .)"
    else . * 1000 | round | "0.\(tostring | "0" * (3 - length) + .)"
    end;

# Rows of cells, the first the headings.
def table:
    (transpose | map(map(length) | max)) as $width |
    (map([., $width] | transpose | map(.[1] as $w | .[0] | pad($w)) | "| \(join(" | ")) |")) |
    [first, "|" + ($width | map("-" * (. + 2)) | join("|")) + "|"] + .[1:];

def spread($unit): "\(.median / $unit | digits) (\(.min / $unit | digits) to \(.max / $unit | digits))";
def times($other): if $other then "\(.cpu_nsec.median / $other | digits)" else "" end;
def called: "\(.established // 0 | thousands) ESTABLISHED" + if .kind == "mix" then " in a mix" else "" end;
def cost_of($name): map(select(.name | startswith($name))) | first | .cpu_nsec.median;
def verdict: if .reached == null then "not measured" elif .reached then "reached" else "missed" end;

def targets:
    ["", "## To reach", ""] + ([["", "target", "seen", ""]] + (.targets | map(
        [.what, (if .at_most then "at most" else "at least" end) + " \(.limit) \(.unit)",
         (if .reached == null then "" else "\(.value | digits) \(.unit)" end), verdict])) | table) +
    if .most_sockets < 1000000 then
        ["", "The targets are meant for 1,000,000 sockets; this run had \(.most_sockets | thousands)."]
    else [] end;

def counted:
    "\(.listen) LISTEN, \(.established | thousands) ESTABLISHED, \(.time_wait | thousands) TIME-WAIT, " +
    "\(.close_wait | thousands) CLOSE-WAIT, \(.syn_recv | thousands) SYN-RECV when it began.";

def cost_table:
    cost_of("walk") as $walk | cost_of("tick") as $tick |
    [["", "CPU ms", "wall ms", "peak memory kB", "times a walk", "times a tick", "rounds"]] + map(
        [.name, (.cpu_nsec | spread(1e6)), (.wall_nsec | spread(1e6)), (.peak_kb | thousands), times($walk),
         times($tick), "\(.cpu_nsec.count)"]) | table;

def costs: . as $all | .populations[] | . as $one |
    ["", "### \(.population | called)", "", (.counted | counted) +
     if .iterator then "" else " No BPF iterator." end, ""] +
    ($all.costs | map(select(.population == $one.population)) | cost_table);

def daemons:
    ["", "## The whole daemon", "",
     "CPU time of all its threads, looked at once a second halfway between ticks, from 4 s after READY on; that of",
     "its start and the first 4 s is told apart. Memory and age of the walked counts at the end.", ""] +
    ([["", "configuration", "% of a core", "ms in a second", "start, ms", "missed ticks", "walk age s", "RSS kB",
       "anonymous kB", "seconds"]] +
     (.daemon | map(
        [(.population | called), .name, (.cpu_nsec_total / .cpu_nsec_per_sec.count / 1e7 | digits),
         (.cpu_nsec_per_sec | spread(1e6)), (.start_cpu_nsec / 1e6 | digits), "\(.missed_ticks)",
         (.walk_age_usec | if . then . / 1e6 | round | tostring else "none yet" end), (.rss_kb | thousands),
         (.anonymous_kb | thousands), "\(.cpu_nsec_per_sec.count)"])) | table);

def ready:
    ["", "## From exec to READY=1", ""] + ([["", "ms", "starts"]] + (.ready | map(
        [(.population | called), (.wall_nsec | spread(1e6)), "\(.wall_nsec.count)"])) | table);

def seconds: . / 1e9 | digits;
def detection:
    ["", "## From the first SYN to the alert", "",
     "Default configuration, a fresh daemon and listener in each run, begun all over the second between two ticks.", ""] +
    ([["", "flooders", "SYN/s of each", "cores busy %", "p50 s", "p99 s", "min s", "max s", "runs"]] +
     (.detection | map(
        [.name, "\(.flooders)", (if .rate_each > 0 then .rate_each | thousands else "all it can" end),
         (.busy_permyriad.median / 100 | digits), (.wall_nsec | (.median, .p99, .min, .max) | seconds),
         "\(.wall_nsec.count)"])) | table) +
    ["", "Of fewer than 100 runs p99 is the slowest."];

def instructions:
    ["", "## Instructions of the pure part of a tick", "",
     "Threshold, diagnose and incident under callgrind: the same on a noisy machine.", ""] +
    ([["", "instructions"]] + (.instructions | map([.name, (.per_tick | thousands)])) | table);

def owners:
    if .owners == [] then [] else
        ["", "## Whose the sockets in CLOSE-WAIT are", ""] +
        ([["", "walk, CPU ms", "shares and names of units", "and a step to the process", "peak memory kB",
           "owners"]] + (.owners | map(
            [(.close_wait | thousands), (.walk_cpu_nsec, .units_cpu_nsec, .process_cpu_nsec | spread(1e6)),
             (.peak_kb | thousands), (.owners | map("\(.unit) \(.sockets)") | join(", "))])) | table) + [""] +
        ([["on the larger of them", "CPU ms", "rounds"]] +
         (.costs | map(select(.population.kind == "close-wait") |
            [.name, (.cpu_nsec | spread(1e6)), "\(.cpu_nsec.count)"])) | table)
    end;

def heading: .machine | ["# What synwaitd costs", "",
    "`make bench\(if .extent == "quick" then "-quick" else "" end)` of \(.version), \(.date): \(.cpu), \(.cores) cores, " +
    "\(.memory_kb / 1048576 | digits) GiB of memory, \(.kernel), \(.ss), \(.exporter).",
    "Times are the median (smallest to largest)."];

(heading + targets + ["", "## Looking once"] + [costs[]] + daemons + ready + detection + instructions + owners +
    ["", "The run took \(.seconds) s."])[]
