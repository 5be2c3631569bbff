#!/usr/bin/env bash
# promtool 2.42.0 (Debian 12): the same unit test of rules succeeds in one run and fails in the next.
#
# An alert often looks at what a recording rule of another group has stored. `promtool test rules` runs
# all groups of the rule files at each evaluation time of a made-up clock, without threads of its own and
# without real time. One would guess that its verdict is always the same, and that groups are taken in the
# order in which the files have them.
#
# But the groups are taken in a new order each time. If the alert's group comes first, it sees what was
# recorded one evaluation_interval ago, and nothing at all where that is more than the five minutes for
# which a sample is looked back at. `group_eval_order` in the test file settles it.
#
# Output seen (the numbers of the first line vary):
#   40 runs without group_eval_order: some succeed, some fail
#   40 runs with group_eval_order: all succeed
#
# Why it matters here: alerts that look at days of an objective are tested in steps of an hour, or the test
# takes minutes. Such a test was green all day and red in the evening, with nothing changed.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -qq -o APT::Sandbox::User=root download prometheus=2.42.0+ds-5+deb12u1 >/dev/null
dpkg -x prometheus_*.deb root

cat >rules.yaml <<'YAML'
groups:
- name: recording
  rules:
  - record: venue:late_seconds:rate1d
    expr: rate(late_seconds_total[1d])
- name: alerts
  rules:
  - alert: VenueIsLate
    expr: venue:late_seconds:rate1d > 0.5
YAML

# succeeded LINE: how many of 40 runs of the test succeed that has this line, too.
succeeded() {
  cat >test.yaml <<YAML
rule_files: [rules.yaml]
evaluation_interval: 1h
$1
tests:
- interval: 10m
  input_series:
  - series: late_seconds_total
    values: 0+600x300
  alert_rule_test:
  - alertname: VenueIsLate
    eval_time: 1d
    exp_alerts: [{exp_labels: {}}]
YAML
  local run good=0
  for run in {1..40}; do
    if root/usr/bin/promtool test rules test.yaml >"said.$run" 2>&1; then good=$((good + 1)); fi
  done
  echo "$good"
}

loose=$(succeeded "")
settled=$(succeeded "group_eval_order: [recording, alerts]")
echo "runs that succeed: $loose of 40 without group_eval_order, $settled of 40 with it"

if ((loose == 0 || loose == 40 || settled != 40)); then
  echo "promtool now takes groups in another order, or always in the same one." >&2
  exit 1
fi
