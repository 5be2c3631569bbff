"""promtool accepts the rules and their unit tests; each alert is tested and explained; the dashboard
is one that Grafana can load."""

import json
import re
import subprocess
import unittest

import yaml

import prometheus

prometheus.require()
MONITORING = prometheus.MONITORING
RUNBOOK = MONITORING.parent / "docs/runbook.md"
UNIT_TESTS = sorted(MONITORING.glob("*alerts_test.yaml"))
GRAFANA_COLUMNS = 24


def promtool(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["promtool", *arguments], cwd=MONITORING, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def alerts() -> list[dict]:
    return [rule for rule in prometheus.read_rules() if "alert" in rule]


class RunbookEntry:
    """A heading of the third level, and what stands below it."""

    def __init__(self, heading: str, text: str):
        self.heading = heading
        self.text = text
        severity = re.match(r"\*(Page|Ticket)\.\*", text)
        self.severity = severity[1].lower() if severity else None
        self.shows = "**Shows** " in text.split("\n\n")[0]
        self.has_steps = bool(re.search(r"^1\. ", text, re.MULTILINE))


def runbook_entries() -> list[RunbookEntry]:
    parts = re.split(r"^#{2,3} +(.*)\n", RUNBOOK.read_text(), flags=re.MULTILINE)
    levels = re.findall(r"^(#{2,3}) ", RUNBOOK.read_text(), flags=re.MULTILINE)
    return [RunbookEntry(heading, text.strip())
            for level, heading, text in zip(levels, parts[1::2], parts[2::2]) if level == "###"]


class RulesTest(unittest.TestCase):

    def test_promtool_accepts_the_rules(self):
        result = promtool("check", "rules", "--lint-fatal", *prometheus.RULE_FILES)

        self.assertEqual(result.returncode, 0, result.stdout)

    def test_promtool_refuses_what_is_wrong(self):
        result = promtool("check", "rules", "/dev/null", "dashboard.json")

        self.assertNotEqual(result.returncode, 0)

    def test_unit_tests_pass(self):
        result = promtool("test", "rules", *(path.name for path in UNIT_TESTS))

        self.assertEqual(result.returncode, 0, result.stdout)

    def test_each_alert_is_unit_tested_to_fire(self):
        tested = {alert for path in UNIT_TESTS
                  for alert in re.findall(r'labels: \'{alertname="(\w+)"', path.read_text())}

        self.assertEqual(tested, {rule["alert"] for rule in alerts()})

    def test_each_alert_has_texts_and_names_its_entry_of_the_runbook(self):
        for rule in alerts():
            with self.subTest(rule["alert"]):
                texts = rule["annotations"]
                self.assertTrue(texts["summary"] and texts["description"])
                # lint.document_links holds that the runbook has this anchor.
                self.assertEqual(texts["runbook_url"], "{{ $externalLabels.runbook_base }}"
                                 f"docs/runbook.md#{rule['alert'].lower()}")

    def test_each_alert_has_an_entry_of_its_urgency_in_the_runbook(self):
        entries = {entry.heading: entry.severity for entry in runbook_entries() if entry.severity}

        self.assertEqual(entries,
                         {rule["alert"]: rule["labels"]["severity"] for rule in alerts()})

    def test_each_entry_of_the_runbook_says_how_it_shows_and_what_to_do(self):
        entries = runbook_entries()

        headings = [entry.heading for entry in entries]
        self.assertEqual(len(headings), len(set(headings)))
        for entry in entries:
            with self.subTest(entry.heading):
                self.assertTrue(entry.shows)
                self.assertTrue(entry.has_steps or "| do |" in entry.text)

    def test_the_runbook_names_panels_and_metrics_that_there_are(self):
        text = RUNBOOK.read_text()
        panels = {re.sub(r"\s+", " ", name)
                  for name in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", text)}
        dashboard = json.loads((MONITORING / "dashboard.json").read_text())
        metrics = set(re.findall(r"\bbalance_\w+|\bgrpc_server_\w+", text))
        documented = RUNBOOK.with_name("metrics.md").read_text()

        self.assertEqual(panels - {"page", "ticket", "Page.", "Ticket."} -
                         {panel["title"] for panel in dashboard["panels"]}, set())
        self.assertEqual({name for name in metrics if f"`{name}" not in documented}, set())

    def test_no_rule_names_a_target(self):
        for rule in prometheus.read_rules():
            self.assertNotRegex(rule["expr"], r"\b(job|instance|pod|namespace)=")


class DashboardTest(unittest.TestCase):

    def setUp(self):
        self.dashboard = json.loads((MONITORING / "dashboard.json").read_text())
        self.panels = self.dashboard["panels"]

    def test_panels_have_what_grafana_needs(self):
        ids = [panel["id"] for panel in self.panels]
        self.assertEqual(len(ids), len(set(ids)))
        for panel in self.panels:
            with self.subTest(panel["title"]):
                self.assertIn(panel["type"], ("row", "stat", "timeseries"))
                if panel["type"] == "row":
                    continue
                self.assertTrue(panel["description"].endswith("."))
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                self.assertTrue(panel["targets"])
                references = [target["refId"] for target in panel["targets"]]
                self.assertEqual(len(references), len(set(references)))
                for source in (panel, *panel["targets"]):
                    self.assertEqual(source["datasource"],
                                     {"type": "prometheus", "uid": "${datasource}"})

    def test_panels_fill_the_page_without_overlapping(self):
        taken = set()
        for panel in self.panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], GRAFANA_COLUMNS)
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells

    def test_variables_are_those_that_are_used(self):
        text = json.dumps([panel.get("targets", []) for panel in self.panels])
        used = set(re.findall(r"\$\{?(?!__)(\w+)", text))

        self.assertEqual({variable["name"] for variable in self.dashboard["templating"]["list"]},
                         used)


class ReadmeTest(unittest.TestCase):

    def test_every_file_is_explained(self):
        readme = (MONITORING / "README.md").read_text()
        for path in MONITORING.iterdir():
            if path.name != "README.md":
                self.assertIn(f"`{path.name}`", readme)

    def test_rule_files_are_yaml_that_prometheus_and_people_read_alike(self):
        for name in prometheus.RULE_FILES:
            groups = yaml.safe_load((MONITORING / name).read_text())["groups"]
            self.assertEqual(len(groups), len({group["name"] for group in groups}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
