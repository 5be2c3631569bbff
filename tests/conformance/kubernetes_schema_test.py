"""kubeconform accepts what kustomize renders, for the oldest and the newest Kubernetes meant."""

import subprocess
import unittest

import external_tools
from kubernetes import OVERLAYS, render

KUBECONFORM = external_tools.require("kubeconform") / "kubeconform"
SCHEMAS = external_tools.require("kubernetes_schemas")


def validate(version: str, text: str) -> subprocess.CompletedProcess:
    """Strict: unknown fields, keys that stand twice and kinds without a schema fail."""
    location = f"{SCHEMAS}/{version}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    return subprocess.run([KUBECONFORM, "-strict", "-summary", "-kubernetes-version", version,
                           "-schema-location", location], input=text, text=True,
                          capture_output=True)


class KubernetesSchemaTest(unittest.TestCase):

    def test_all_overlays_are_valid(self):
        text = "\n---\n".join(render(overlay).text for overlay in OVERLAYS)
        resources = sum(len(render(overlay).documents) for overlay in OVERLAYS)

        for version in external_tools.KUBERNETES_VERSIONS:
            with self.subTest(version):
                result = validate(version, text)

                self.assertEqual(result.returncode, 0, result.stdout)
                self.assertIn(f"Valid: {resources}, Invalid: 0, Errors: 0, Skipped: 0",
                              result.stdout)

    def test_what_is_wrong_is_refused(self):
        good = render("overlays/prod").text
        changes = (
            ("maxSkew: 1", "maxSkewed: 1"),  # an unknown field
            ("minReadySeconds: ", "minReadySeconds: soon # "),  # a text for a number
            ("kind: PodDisruptionBudget", "kind: PodDisruptionBudgets"),
            ("autoscaling/v2", "autoscaling/v2beta2"),  # gone from Kubernetes
            ("publishNotReadyAddresses: true", "clusterIP: None"),  # a key that stands twice
        )

        documents = []
        for old, new in changes:
            [document] = [document for document in good.split("\n---\n") if old in document]
            documents.append(document.replace(old, new, 1))

        result = validate(external_tools.KUBERNETES_VERSIONS[-1], "\n---\n".join(documents))

        self.assertNotEqual(result.returncode, 0)
        self.assertIn("Valid: 0,", result.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
