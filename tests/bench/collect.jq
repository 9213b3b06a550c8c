# SPDX-License-Identifier: MIT
# From what the parts printed (slurped) to bench.json. What is missing could not be measured: null.

def part($name): map(select(.part == $name) | del(.part));
def sockets: .population.established // 0;

# Of the populations that differ by nothing but the number of ESTABLISHED sockets, fewest first.
def plain: map(select(.population.kind == "established")) | sort_by(sockets);
def named($name): map(select(.name | startswith($name)));
def ratio($a; $b): if $a and $b and $b > 0 then $a / $b else null end;
def spread: if length > 1 then ratio(max; min) | if . then (. - 1) * 100 else null end else null end;
def target($what; $unit; $limit; $at_most; $value):
    {$what, $unit, limit: $limit, at_most: $at_most, value: $value,
     reached: (if $value == null then null elif $at_most then $value <= $limit else $value >= $limit end)};
def below($what; $unit; $limit; $value): target($what; $unit; $limit; true; $value);
def above($what; $unit; $limit; $value): target($what; $unit; $limit; false; $value);

part("cost") as $costs | part("daemon") as $daemons | part("ready") as $ready | part("detection") as $detection |
($costs | plain) as $plain |
($plain | named("tick") | map(.cpu_nsec.median / 1e6)) as $tick |
($daemons | plain | named("practically") | map(.cpu_nsec_per_sec.median / 1e6)) as $whole_tick |
($daemons | plain | named("default")) as $default |
($plain | last | sockets) as $most |
($plain | map(select(sockets == $most))) as $largest |
($largest | (named("listener queues, BPF") + named("listener queues")) | first |
    if . then .cpu_nsec.median / 1e6 else null end) as $queues |
($largest | named("walk") | first | .cpu_nsec.median) as $walk |
($largest | map(select(.name == "ss -Htan")) | first | .cpu_nsec.median) as $ss |
($largest | named("node_exporter") | first | .cpu_nsec.median) as $exporter |
"from the fewest to the most sockets" as $range |
{
    machine: (part("machine") | first),
    seconds: $seconds,
    targets: [
        below("CPU of a tick without a walk, the sampler alone"; "ms"; 0.3; $tick | max),
        below("the same \($range): difference"; "%"; 20; $tick | spread),
        below("CPU of a tick without a walk, the whole daemon"; "ms"; 0.3; $whole_tick | max),
        below("the same \($range): difference"; "%"; 20; $whole_tick | spread),
        below("CPU of the listener queues, 50 listeners, most sockets"; "ms"; 0.1; $queues),
        above("ss -Htan against the walk, most sockets: times its CPU"; ""; 15; ratio($ss; $walk)),
        above("tcpstat against the walk, most sockets: times its CPU"; ""; 15; ratio($exporter; $walk)),
        below("CPU of the daemon by default, most sockets, of one core"; "%"; 1.5;
            $default | last | if . then .cpu_nsec_total / .cpu_nsec_per_sec.count / 1e7 else null end),
        below("resident memory of the daemon by default, at most"; "MB"; 3.5;
            $default | map(.rss_kb * 1024 / 1e6) | max),
        below("the same \($range): difference"; "KiB"; 64;
            $default | map(.rss_kb) | if length > 1 then max - min else null end),
        below("from the first SYN to the alert, all cores busy: p99"; "s"; 2;
            $detection | named("all cores busy") | first | if . then .wall_nsec.p99 / 1e9 else null end),
        below("from exec to READY=1, at most"; "ms"; 50; $ready | map(.wall_nsec.max / 1e6) | max)
    ],
    most_sockets: $most,
    populations: part("population"),
    costs: $costs,
    daemon: $daemons,
    ready: $ready,
    detection: $detection,
    instructions: part("instructions"),
    owners: part("owners")
}
