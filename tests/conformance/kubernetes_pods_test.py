"""The pods are confined, and fit the program that runs in them."""

import unittest
from pathlib import PurePosixPath

import yaml

import source_facts
from kubernetes import (APP, OVERLAYS, Manifests, all_containers, for_each_overlay,
                        needed_secrets, render, seconds)

# The Restricted profile of the Pod Security Standards: kinds of volumes that it lets in.
RESTRICTED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral",
                      "persistentVolumeClaim", "projected", "secret"}
HOST_SETTINGS = ("hostNetwork", "hostPID", "hostIPC")
POD_SETTINGS = ("sysctls", "seLinuxOptions", "appArmorProfile")
# What the kubelet and the container runtime may take of the grace period for themselves.
KUBELET_SECONDS = 5
# What `upstream-sandbox --login-folder` makes.
SANDBOX_LOGINS = ("polymarket-us-key-id", "polymarket-us-secret", "polysimulator-key")


def restricted_violations(pod: dict) -> list[str]:
    """What the Restricted profile has against the pod."""
    wrong = [name for name in HOST_SETTINGS if pod.get(name)]
    for volume in pod.get("volumes", []):
        wrong += [f"volume {kind}" for kind in volume.keys() - {"name"} - RESTRICTED_VOLUMES]
    security = pod.get("securityContext", {})
    wrong += [name for name in POD_SETTINGS if security.get(name)]
    for container in all_containers(pod):
        wrong += [f"{container['name']}: {problem}"
                  for problem in container_violations(container, security)]
    return wrong


def container_violations(container: dict, of_pod: dict) -> list[str]:
    own = container.get("securityContext", {})
    effective = of_pod | own
    capabilities = own.get("capabilities", {})
    rules = {
        "may run as root": effective.get("runAsNonRoot") is True,
        "runs as root": effective.get("runAsUser") != 0,
        "may gain privileges": own.get("allowPrivilegeEscalation") is False,
        "privileged": not own.get("privileged"),
        "keeps capabilities": capabilities.get("drop") == ["ALL"],
        "adds capabilities": not set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"},
        "no seccomp": effective.get("seccompProfile", {}).get("type") in ("RuntimeDefault",
                                                                          "Localhost"),
        "procMount": own.get("procMount", "Default") == "Default",
        "host port": not any(port.get("hostPort") for port in container.get("ports", [])),
    }
    return [problem for problem, kept in rules.items() if not kept]


def secret_files(value) -> list[str]:
    """Every path in the configuration."""
    if isinstance(value, dict):
        return [path for name, inner in value.items()
                for path in ([inner] if name == "file" or name.endswith("_file")
                             else secret_files(inner))]
    if isinstance(value, list):
        return [path for inner in value for path in secret_files(inner)]
    return []


class KubernetesPodsTest(unittest.TestCase):

    @for_each_overlay
    def test_pods_meet_the_restricted_profile(self, manifests: Manifests):
        for pod in manifests.pods:
            self.assertEqual(restricted_violations(pod), [])

    @for_each_overlay
    def test_pods_are_confined_further(self, manifests: Manifests):
        accounts = {account["metadata"]["name"]: account
                    for account in manifests.all("ServiceAccount")}
        self.assertEqual({pod["serviceAccountName"] for pod in manifests.pods}, accounts.keys())
        self.assertEqual(len(manifests.pods), len(accounts))
        for account in accounts.values():
            self.assertFalse(account["automountServiceAccountToken"])
        for pod in manifests.pods:
            self.assertFalse(pod["automountServiceAccountToken"])
            for container in all_containers(pod):
                self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
                self.assertIn("memory", container["resources"]["limits"])
                self.assertLessEqual({"cpu", "memory"}, container["resources"]["requests"].keys())

    def test_namespaces_enforce_the_restricted_profile(self):
        for overlay in OVERLAYS[1:]:
            namespace = render(overlay).one("Namespace")["metadata"]

            self.assertEqual(namespace["labels"]["pod-security.kubernetes.io/enforce"],
                             "restricted")
            for document in render(overlay).documents:
                if document["kind"] != "Namespace":
                    self.assertEqual(document["metadata"]["namespace"], namespace["name"])

    @for_each_overlay
    def test_images_are_of_this_version(self, manifests: Manifests):
        version = source_facts.project_version()
        for container in manifests.containers:
            name, _, digest = container["image"].partition("@")
            if digest:
                self.assertRegex(digest, r"^sha256:[0-9a-f]{64}$")
            else:
                self.assertEqual(name.rpartition("/")[2].partition(":")[2], version)

    @for_each_overlay
    def test_ports_are_those_of_the_configuration(self, manifests: Manifests):
        self.assertEqual(manifests.config["listen"], f"0.0.0.0:{manifests.ports['grpc']}")
        self.assertEqual(manifests.config["admin_listen"],
                         f"0.0.0.0:{manifests.ports['admin']}")

    @for_each_overlay
    def test_services_lead_to_the_pods(self, manifests: Manifests):
        targets = {}
        for service in manifests.all("Service"):
            spec = service["spec"]
            if spec["selector"]["app.kubernetes.io/name"] != APP:
                continue
            self.assertEqual(spec["clusterIP"], "None")
            self.assertLessEqual(spec["selector"].items(), manifests.labels.items())
            for port in spec["ports"]:
                self.assertEqual(port["port"], manifests.ports[port["targetPort"]])
                targets[port["targetPort"]] = service["metadata"]["name"]
        self.assertEqual(targets, {"grpc": APP, "admin": f"{APP}-metrics"})

    @for_each_overlay
    def test_selectors_match_the_labels(self, manifests: Manifests):
        selectors = [manifests.deployment["selector"]]
        selectors += [spread["labelSelector"]
                      for spread in manifests.pod["topologySpreadConstraints"]]
        for selector in selectors:
            self.assertTrue(selector["matchLabels"])
            self.assertLessEqual(selector["matchLabels"].items(), manifests.labels.items())

    @for_each_overlay
    def test_probes_ask_the_admin_server(self, manifests: Manifests):
        routes = source_facts.admin_routes()
        self.assertLessEqual({"/healthz", "/readyz"}, routes)
        service = manifests.service
        asked = {probe: service[probe]["httpGet"]
                 for probe in ("startupProbe", "livenessProbe", "readinessProbe")}

        self.assertEqual(asked, {"startupProbe": {"path": "/healthz", "port": "admin"},
                                 "livenessProbe": {"path": "/healthz", "port": "admin"},
                                 "readinessProbe": {"path": "/readyz", "port": "admin"}})
        # /healthz waits for a stuck event loop, and whoever asks during such a wait waits for the
        # next one too; a probe must not give up earlier.
        self.assertGreater(service["livenessProbe"]["timeoutSeconds"],
                           2 * source_facts.duration("kBeatPatience"))

    def test_scrape_annotations_lead_to_the_metrics(self):
        annotations = render("overlays/prod").one("Service", f"{APP}-metrics")["metadata"][
            "annotations"]

        self.assertIn(annotations["prometheus.io/path"], source_facts.admin_routes())
        self.assertEqual(int(annotations["prometheus.io/port"]),
                         render("overlays/prod").ports["admin"])

    @for_each_overlay
    def test_a_stop_fits_into_the_grace_period(self, manifests: Manifests):
        drain = manifests.config.get("server", {}).get("drain_delay")
        drain = seconds(drain) if drain else source_facts.duration("kDrainDelay")
        stop = sum(map(source_facts.duration, ("kCalls", "kAnswers", "kFarewell")))
        watchdog = source_facts.duration("kStopPatience")
        last_words = source_facts.duration("kFlushPatience")

        self.assertLess(stop, watchdog)
        self.assertGreaterEqual(manifests.pod["terminationGracePeriodSeconds"],
                                drain + watchdog + last_words + KUBELET_SECONDS)
        # Endpoints and name servers must have forgotten the pod before it stops to listen.
        self.assertGreaterEqual(drain, 10)

    @for_each_overlay
    def test_a_rollout_never_takes_capacity_away(self, manifests: Manifests):
        self.assertEqual(manifests.deployment["strategy"]["rollingUpdate"]["maxUnavailable"], 0)
        self.assertGreaterEqual(manifests.deployment["minReadySeconds"], 10)

    @for_each_overlay
    def test_a_change_of_the_configuration_rolls_the_pods(self, manifests: Manifests):
        config_map = manifests.config_map

        self.assertRegex(config_map["metadata"]["name"], rf"^{APP}-[0-9a-z]{{10}}$")
        self.assertTrue(config_map["immutable"])
        self.assertTrue(manifests.config_text)

    @for_each_overlay
    def test_the_program_is_told_where_the_configuration_is(self, manifests: Manifests):
        [mount] = [mount for mount in manifests.service["volumeMounts"]
                   if mount["name"] == "config"]

        self.assertEqual(manifests.service["args"],
                         ["--config", mount["mountPath"] + "/config.yaml"])

    @for_each_overlay
    def test_every_file_of_the_configuration_is_mounted(self, manifests: Manifests):
        mounted = self.mounted_files(manifests)
        files = secret_files(manifests.config)

        self.assertTrue(files)
        for file in files:
            self.assertIn(file, mounted)
        # What is mounted and not used is a secret too many in the pod.
        self.assertEqual(mounted - set(files), set())

    def mounted_files(self, manifests: Manifests) -> set[str]:
        """The files that the service finds, from Secrets or made by the sandbox."""
        files = set()
        for mount, volume in manifests.service_volumes:
            folder = PurePosixPath(mount["mountPath"])
            if "projected" in volume:
                files |= {str(folder / item["path"]) for secret in needed_secrets(volume)
                          for item in secret["items"]}
            elif mount["name"] == "desk-1":
                files |= {str(folder / name) for name in SANDBOX_LOGINS}
        return files

    @for_each_overlay
    def test_secrets_are_for_the_group_alone_and_can_change(self, manifests: Manifests):
        self.assertEqual(manifests.pod["securityContext"]["fsGroup"],
                         manifests.pod["securityContext"]["runAsGroup"])
        for mount, volume in manifests.service_volumes:
            # What is mounted by subPath never changes.
            self.assertNotIn("subPath", mount)
            self.assertLessEqual(volume.keys() - {"name"}, {"configMap", "emptyDir", "projected"})
            if "projected" in volume:
                self.assertEqual(volume["projected"]["defaultMode"], 0o440)

    @for_each_overlay
    def test_the_service_can_write_nothing(self, manifests: Manifests):
        for mount, _ in manifests.service_volumes:
            self.assertTrue(mount["readOnly"], mount["name"])

    @for_each_overlay
    def test_what_others_can_write_is_small_and_in_memory(self, manifests: Manifests):
        for volume in manifests.pod["volumes"]:
            if "emptyDir" in volume:
                self.assertEqual(volume["emptyDir"]["medium"], "Memory")
                self.assertIn("sizeLimit", volume["emptyDir"])

    @for_each_overlay
    def test_nothing_secret_is_in_the_manifests(self, manifests: Manifests):
        self.assertFalse(manifests.has("Secret"))
        for container in (each for pod in manifests.pods for each in all_containers(pod)):
            self.assertNotIn("env", container)
            self.assertNotIn("envFrom", container)
        self.assertNotIn("value:", manifests.config_text)

    def test_production_is_locked(self):
        config = render("overlays/prod").config

        self.assertNotIn("allow_insecure", config)
        self.assertLessEqual({"certificate_file", "private_key_file", "client_ca_file"},
                             config["tls"].keys())
        self.assertNotIn("client_certificate", config["tls"])
        self.assertTrue(config["callers"])

    @for_each_overlay
    def test_the_sandbox_is_in_development_only(self, manifests: Manifests):
        has_sandbox = any("sandbox" in yaml.dump(container)
                          for container in manifests.containers)

        self.assertEqual(has_sandbox, manifests.name == "overlays/dev")
        self.assertEqual("127.0.0.1" in manifests.config_text, has_sandbox)


if __name__ == "__main__":
    unittest.main(verbosity=2)
