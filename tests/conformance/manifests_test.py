"""The folders of k8s are in order; kubernetes_*_test.py judge what kustomize makes of them."""

import unittest
from pathlib import Path

import yaml

K8S = Path(__file__).resolve().parents[2] / "k8s"
MONITORING = K8S.parent / "monitoring"
KUSTOMIZATIONS = sorted([*K8S.rglob("kustomization.yaml"), MONITORING / "kustomization.yaml"])


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text())


def named_files(kustomization: dict) -> list[str]:
    """The files of its own folder that a kustomization takes in."""
    generated = [file for generator in kustomization.get("configMapGenerator", [])
                 for file in generator["files"]]
    patches = [patch["path"] for patch in kustomization.get("patches", []) if "path" in patch]
    resources = [name for name in kustomization.get("resources", []) if name.endswith(".yaml")]
    return sorted(resources + generated + patches)


class ManifestsTest(unittest.TestCase):

    def test_kustomizations_name_every_file_beside_them(self):
        self.assertTrue(KUSTOMIZATIONS)
        for path in KUSTOMIZATIONS:
            with self.subTest(path.parent.name):
                beside = sorted(file.name for file in path.parent.iterdir()
                                if file.suffix in (".yaml", ".json", ".conf") and file != path
                                and not file.name.endswith("_test.yaml"))

                self.assertEqual(named_files(read(path)), beside)

    def test_components_are_explained_and_used_by_an_overlay(self):
        used = {(path.parent / component).resolve() for path in KUSTOMIZATIONS
                for component in read(path).get("components", [])}
        components = [path.parent for path in KUSTOMIZATIONS if read(path)["kind"] == "Component"]

        self.assertEqual(used, set(components))
        for component in components:
            readme = component / "README.md"
            self.assertTrue(readme.exists(), readme)
            self.assertIn(component.name, (K8S / "README.md").read_text())


if __name__ == "__main__":
    unittest.main()
