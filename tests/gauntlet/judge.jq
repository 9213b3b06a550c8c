# SPDX-License-Identifier: MIT
# All alerts of a run, [{at, alert}], against what the scenario expects. Tells what was raised, the seconds to
# the expected alert, and then a line for each difference.
def words($text): [$text | splits("\\s+") | select(. != "")];
def field($key): .alert["SYNWAITD_" + $key] // "";
def keys_of: [field("SYSCTL") | scan("(?:^| )([a-z][a-z0-9_.]*)=") | .[0]];
def message: "\(field("EVENT")) \(field("PROBLEM")), confidence \(field("CONFIDENCE")): \(.alert.MESSAGE)";

def is_of_family:
  field("LOCAL") as $local
  | $local == ""
    or (if $family == "ipv6" then $local | contains("2001:db8:")
        elif $family == "mapped" then $local | test("^\\[::\\]:|^[0-9.]+(:[0-9]+)?$")
        else $local | test("^[0-9.]+(:[0-9]+)?$") end);

# What holds for every alert.
def of_any:
  ((.alert.MESSAGE | utf8bytelength) | if . < 400 then empty else "MESSAGE of \(.) bytes" end),
  (if field("NOT_ADVISED") == "" then "\(field("PROBLEM")): no NOT_ADVISED" else empty end),
  (if field("CAUSE") == "" then "\(field("PROBLEM")): no CAUSE" else empty end),
  (if is_of_family then empty else "LOCAL=\(field("LOCAL")) is not of family \($family)" end),
  (keys_of[] | select(IN(words($forbidden)[])) | "advises \(.), which is wrong");

def of_raised:
  (if field("CAUSE") | contains($cause) then empty else "cause is not \"\($cause)\": \(field("CAUSE"))" end),
  (if field("CONFIDENCE") | IN(words($confidence)[]) then empty
   else "confidence \(field("CONFIDENCE")), not \($confidence)" end),
  (if (keys_of | sort) == (words($advice) | sort) then empty
   else "advises [\(keys_of | join(" "))], not [\($advice)]" end),
  (if $limit_source == "" or field("LIMIT_SOURCE") == $limit_source then empty
   else "limit source \(field("LIMIT_SOURCE")), not \($limit_source)" end),
  ((.at - ($began | tonumber)) as $took
   | if $took <= ($within | tonumber) then empty
     else "raised after \($took | floor) s, not within \($within) s" end);

def of_changed:
  if (field("CAUSE") | contains($cause))
     or ($final_cause != "" and (field("CAUSE") | contains($final_cause))) then empty
  else "diagnosis changed to: \(field("CAUSE"))" end;

# Whether an alert should not be there.
def is_wrong:
  field("EVENT") != "cleared" and field("PROBLEM") != $expect
  and (field("PROBLEM") | IN(words($also)[]) | not)
  and ($not_problem == "" or (field("PROBLEM") | IN(words($not_problem)[])));

. as $alerts
| map(select(field("PROBLEM") == $expect)) as $expected
| [$expected[] | select(field("EVENT") == "raised")] as $raised
| ([$alerts[] | select(field("EVENT") == "raised") | "\(field("PROBLEM"))/\(field("CONFIDENCE"))"] | join(",")
   | if . == "" then "silence" else . end),
  (if $raised == [] then "-" else ([0, $raised[0].at - ($began | tonumber)] | max * 10 | round / 10) end),
  ([($alerts[] | of_any),
    ($alerts[] | select(is_wrong) | "wrong alert: \(field("PROBLEM"))"),
    (if $expect == "silence" then empty
     elif $raised == [] then "not raised"
     else ($raised[0] | of_raised),
          (if ($raised | length) > 1 then "raised \($raised | length) times" else empty end),
          ($expected[] | select(field("EVENT") == "changed") | of_changed) end)]
   | unique
   | if . == [] then empty
     else .[], ($alerts[] | "  \((.at - ($began | tonumber)) * 10 | round / 10) s: \(message)",
                            "    evidence: \(field("EVIDENCE"))") end)
