"""docs/metrics.md lists each family that a running service serves, as the service describes it."""

import re
import unittest

import metrics_reference
from generated_part import difference, split


class MetricsReferenceTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.families = metrics_reference.scrape()

    def test_the_table_is_what_the_service_serves(self):
        wanted = metrics_reference.render(self.families)

        self.assertEqual(
            "", difference(metrics_reference.DOCUMENT, metrics_reference.PART, wanted),
            f"renew it: python3 {metrics_reference.__file__} --write (see its head)")

    def test_each_family_is_explained(self):
        before, _, behind = split(metrics_reference.DOCUMENT, metrics_reference.PART)
        named = set(re.findall(r"`(\w+)(?:\{[^`]*\})?`", before + behind))

        self.assertEqual([], sorted(self.families.keys() - named))

    def test_no_family_is_named_that_there_is_not(self):
        before, _, behind = split(metrics_reference.DOCUMENT, metrics_reference.PART)
        named = set(re.findall(r"\b((?:balance|grpc_server)_\w*[a-z])\b(?!\.)", before + behind))
        known = self.families.keys() | {name + suffix for name in self.families
                                        for suffix in metrics_reference.SUFFIXES}

        self.assertEqual([], sorted(named - known))


if __name__ == "__main__":
    unittest.main(verbosity=2)
