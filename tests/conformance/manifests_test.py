"""The Kubernetes manifests fit together, and their pods are confined."""

import re
import shutil
import subprocess
import unittest
from pathlib import Path

import yaml

BASE = Path(__file__).resolve().parents[2] / "k8s/base"
# Besides the drain delay: for the calls in flight, and for the process to end.
GRACE_BEYOND_DRAIN_SECONDS = 15
POLYSIMULATOR_FREE_REQUESTS_PER_SECOND = 2


def read(name: str) -> dict:
    return yaml.safe_load((BASE / name).read_text())


class ManifestsTest(unittest.TestCase):

    def setUp(self):
        self.config = read("config.yaml")
        self.pod = read("deployment.yaml")["spec"]["template"]["spec"]
        [self.container] = self.pod["containers"]
        self.ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}

    def test_kustomization_names_every_file(self):
        kustomization = read("kustomization.yaml")
        generated = [file for generator in kustomization["configMapGenerator"]
                     for file in generator["files"]]

        self.assertEqual(sorted(kustomization["resources"] + generated + ["kustomization.yaml"]),
                         sorted(path.name for path in BASE.iterdir()))

    def test_kustomize_renders_it(self):
        kubectl = shutil.which("kubectl")
        if kubectl is None:
            self.skipTest("there is no kubectl here")

        result = subprocess.run([kubectl, "kustomize", BASE], text=True, capture_output=True)

        self.assertEqual(result.returncode, 0, result.stderr)
        kinds = sorted(document["kind"] for document in yaml.safe_load_all(result.stdout))
        self.assertEqual(kinds, ["ConfigMap", "Deployment", "Service", "Service", "ServiceAccount"])

    def test_pod_is_confined(self):
        pod, container = self.pod["securityContext"], self.container["securityContext"]

        self.assertTrue(pod["runAsNonRoot"])
        self.assertEqual(pod["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertFalse(container["allowPrivilegeEscalation"])
        self.assertTrue(container["readOnlyRootFilesystem"])
        self.assertEqual(container["capabilities"], {"drop": ["ALL"]})
        self.assertFalse(self.pod["automountServiceAccountToken"])
        self.assertIn("limits", self.container["resources"])

    def test_ports_are_those_of_the_configuration(self):
        self.assertEqual(self.config["listen"], f"0.0.0.0:{self.ports['grpc']}")
        self.assertEqual(self.config["admin_listen"], f"0.0.0.0:{self.ports['admin']}")
        for name in ("grpc-service.yaml", "metrics-service.yaml"):
            for port in read(name)["spec"]["ports"]:
                self.assertEqual(port["port"], self.ports[port["targetPort"]])

    def test_probes_ask_the_admin_server(self):
        paths = {probe: self.container[probe]["httpGet"]
                 for probe in ("startupProbe", "livenessProbe", "readinessProbe")}

        self.assertEqual(paths, {"startupProbe": {"path": "/healthz", "port": "admin"},
                                 "livenessProbe": {"path": "/healthz", "port": "admin"},
                                 "readinessProbe": {"path": "/readyz", "port": "admin"}})

    def test_services_select_the_pods(self):
        labels = read("deployment.yaml")["spec"]["template"]["metadata"]["labels"]

        for name in ("grpc-service.yaml", "metrics-service.yaml"):
            self.assertLessEqual(read(name)["spec"]["selector"].items(), labels.items())
        self.assertEqual(read("grpc-service.yaml")["spec"]["clusterIP"], "None")

    def test_secret_files_lie_in_a_mounted_folder(self):
        folders = {mount["mountPath"] for mount in self.container["volumeMounts"]}
        files = re.findall(r"file: ([^}\s]+)", (BASE / "config.yaml").read_text())

        self.assertTrue(files)
        for file in files:
            self.assertIn(str(Path(file).parent), folders)

    def test_all_pods_of_a_rollout_stay_within_the_free_plan(self):
        spec = read("deployment.yaml")["spec"]
        surge = spec["strategy"]["rollingUpdate"]["maxSurge"]
        # As many as surge may still be draining, uncounted.
        pods = spec["replicas"] + 2 * surge
        [source] = [source for account in self.config["accounts"] for source in account["sources"]
                    if "polysimulator" in source]
        rate = source["upstream"]["requests_per_second"]

        self.assertLessEqual(pods * rate, POLYSIMULATOR_FREE_REQUESTS_PER_SECOND)
        self.assertGreater(float(source["cache"]["ttl"].removesuffix("s")), 1 / rate)

    def test_a_drain_fits_into_the_grace_period(self):
        drain = int(self.config["server"]["drain_delay"].removesuffix("s"))

        self.assertGreaterEqual(self.pod["terminationGracePeriodSeconds"],
                                drain + GRACE_BEYOND_DRAIN_SECONDS)


if __name__ == "__main__":
    unittest.main()
