"""The rules and the dashboard that production applies are the files of monitoring/."""

import unittest

from harness import SOURCE_DIR
from kubernetes import FOLDER, render

MONITORING = SOURCE_DIR / "monitoring"


class KubernetesMonitoringTest(unittest.TestCase):

    def assert_holds(self, config_map: dict, *names: str):
        self.assertEqual(config_map["data"],
                         {name: (MONITORING / name).read_text() for name in names})

    def test_production_has_the_rules_under_a_name_that_does_not_change(self):
        self.assert_holds(render("overlays/prod").one("ConfigMap", "balance-service-rules"),
                          "recording.rules.yaml", "alerts.rules.yaml")

    def test_grafana_finds_the_dashboard_by_its_label(self):
        dashboard = render("overlays/prod").one("ConfigMap", "balance-service-dashboard")

        self.assert_holds(dashboard, "dashboard.json")
        self.assertEqual(dashboard["metadata"]["labels"]["grafana_dashboard"], "1")

    def test_no_manifest_has_rules_of_its_own(self):
        for path in FOLDER.rglob("*.yaml"):
            self.assertNotIn("expr:", path.read_text(), path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
