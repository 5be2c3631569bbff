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
UNIT_TESTS = sorted(MONITORING.glob("*alerts_test.yaml"))
GRAFANA_COLUMNS = 24


def promtool(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["promtool", *arguments], cwd=MONITORING, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def alerts() -> list[dict]:
    return [rule for rule in prometheus.read_rules() if "alert" in rule]


def anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


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

    def test_each_alert_has_texts_and_an_entry_in_the_runbook(self):
        runbook = (MONITORING / "runbook.md").read_text()
        headings = {anchor(line[3:]) for line in runbook.splitlines() if line.startswith("## ")}
        named = set()
        for rule in alerts():
            with self.subTest(rule["alert"]):
                texts = rule["annotations"]
                self.assertTrue(texts["summary"] and texts["description"])
                self.assertIn(rule["labels"]["severity"], ("page", "ticket"))
                base, place = texts["runbook_url"].split("monitoring/runbook.md#")
                self.assertEqual(base, "{{ $externalLabels.runbook_base }}")
                self.assertIn(place, headings)
                named.add(place)

        self.assertEqual(headings, named, "the runbook has entries of alerts alone")

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
