#!/usr/bin/env bash
# promtool 2.42.0 (Debian 12): a unit test of an alert that is in no rule file succeeds.
#
# `promtool test rules` runs alerting rules over made-up series and compares what fires with what a test
# expects; "exp_alerts: []" says that the alert is silent. Each such test names its alert. One would guess
# that a name which none of the rule files has is an error, as a rule file that does not exist is one: it
# is most often an alert that was renamed.
#
# But the name only selects from what fires, and of an alert that is not there nothing does: the test
# succeeds, whatever the rules do. `promtool check rules` does not read tests. The same test with the
# alert's name of today fails, as it should.
#
# Output seen:
#   SourceIsStale (no such alert) is silent: SUCCESS, exit code 0
#   SourceStale (it fires) is silent: FAILED, exit code 1
#   SourceIsStale (no such alert) fires: FAILED, exit code 1
#
# Why it matters here: a good half of the tests of alerts on balances say that an alert stays silent while
# a venue is merely slow. After a renaming they prove nothing and stay green. Each alert needs a test in
# which it fires, and a check that the names in tests are names of rules.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -qq -o APT::Sandbox::User=root download prometheus=2.42.0+ds-5+deb12u1 >/dev/null
dpkg -x prometheus_*.deb root

cat >rules.yaml <<'YAML'
groups:
- name: balance
  rules:
  - alert: SourceStale
    expr: balance_age_seconds > 5
    for: 1m
YAML

# verdict NAME EXPECTED: what a test says that expects this of the alert, five minutes into an age of 10 s.
verdict() {
  cat >test.yaml <<YAML
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series:
  - series: balance_age_seconds
    values: 10x10
  alert_rule_test:
  - alertname: $1
    eval_time: 5m
    exp_alerts: $2
YAML
  local code=0
  root/usr/bin/promtool test rules test.yaml >said 2>&1 || code=$?
  echo "$(grep -o 'SUCCESS\|FAILED' said), exit code $code"
}

{
  echo "SourceIsStale (no such alert) is silent: $(verdict SourceIsStale '[]')"
  echo "SourceStale (it fires) is silent: $(verdict SourceStale '[]')"
  echo "SourceIsStale (no such alert) fires: $(verdict SourceIsStale '[{exp_labels: {}}]')"
} | tee seen

cat >expected <<'TEXT'
SourceIsStale (no such alert) is silent: SUCCESS, exit code 0
SourceStale (it fires) is silent: FAILED, exit code 1
SourceIsStale (no such alert) fires: FAILED, exit code 1
TEXT
if ! diff expected seen; then
  echo "promtool now judges a test of an alert that does not exist otherwise." >&2
  exit 1
fi
