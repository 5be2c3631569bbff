"""The real programs accept what the pods are given."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BIN_DIR, Program, clean_environment, http_get, read_assignments
from kubernetes import OVERLAYS, Manifests, container, render
from pod_files import SERVER_NAME, PodFiles

SERVICE = BIN_DIR / "balance-service"
SANDBOX = BIN_DIR / "upstream-sandbox"


class KubernetesConfigTest(unittest.TestCase):

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def pod_files(self, manifests: Manifests) -> PodFiles:
        root = self.folder / manifests.name.replace("/", "-")
        root.mkdir()
        return PodFiles(manifests, root)

    def run_sandbox_once(self, files: PodFiles, step: dict) -> None:
        arguments = [files.rebase(argument) for argument in step["args"]]
        subprocess.run([SANDBOX, *arguments], check=True, timeout=30, env=clean_environment())

    def test_the_service_accepts_every_configuration(self):
        for overlay in OVERLAYS:
            with self.subTest(overlay):
                manifests = render(overlay)
                files = self.pod_files(manifests)
                for step in manifests.pod.get("initContainers", []):
                    if step.get("restartPolicy") != "Always":
                        self.run_sandbox_once(files, step)

                result = subprocess.run([SERVICE, "--check-config", "--config", files.config],
                                        text=True, capture_output=True, env=clean_environment())

                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_the_development_pod_answers_and_its_probes_succeed(self):
        manifests = render("overlays/dev")
        files = self.pod_files(manifests)
        self.run_sandbox_once(files, container(manifests.containers, "sandbox-logins"))
        sidecar = container(manifests.containers, "sandbox")
        self.assertEqual(sidecar["restartPolicy"], "Always")
        env_file = self.folder / "sandbox.env"
        # The same arguments, but for the ports: other tests may run beside this one.
        arguments = [files.rebase(argument) for argument in sidecar["args"]]
        ports = dict(argument.removeprefix("--").split("=") for argument in arguments
                     if "-port=" in argument)
        sandbox = self.start([SANDBOX, *(argument for argument in arguments
                                         if "-port=" not in argument), "--env-file", env_file])
        sandbox.wait_for(env_file.exists, "the sandbox")
        upstreams = read_assignments(env_file)
        config = files.config.read_text()
        for port, variable in (("polymarket-port", "POLYMARKET_BASE_URL"),
                               ("polysimulator-port", "POLYSIM_BASE_URL")):
            url = f"http://127.0.0.1:{ports[port]}"
            self.assertIn(url, config)
            config = config.replace(url, upstreams[variable])
        files.config.write_text(config)
        service, server = self.start_service(manifests, files)

        snapshot = self.balancectl("get", "--output", "json", "--server", server)

        self.assertEqual(snapshot.returncode, 0, snapshot.stdout + snapshot.stderr)
        self.assertEqual([source["state"] for source in json.loads(snapshot.stdout)["sources"]],
                         ["FRESH", "FRESH"])
        service.stop()
        sandbox.stop()

    # ListSources asks no upstream.
    def test_the_production_pod_answers_its_callers_and_nobody_else(self):
        manifests = render("overlays/prod")
        files = self.pod_files(manifests)
        service, server = self.start_service(manifests, files)
        [spiffe_id] = [entry["spiffe_id"] for entry in manifests.config["callers"]
                       if "spiffe_id" in entry]
        [dns_name] = [entry["dns_name"] for entry in manifests.config["callers"]
                      if "dns_name" in entry]
        tls = ("--tls-ca", files.authority.certificate, "--tls-server-name", SERVER_NAME)

        def exit_code(*names: str) -> int:
            certificate, key = files.authority.issue("caller", *names)
            return self.balancectl("sources", "--server", server, *tls, "--tls-cert", certificate,
                                   "--tls-key", key).returncode

        self.assertEqual(exit_code(f"URI:{spiffe_id}"), 0)
        self.assertEqual(exit_code(f"DNS:{dns_name}"), 0)
        self.assertEqual(exit_code(f"URI:{spiffe_id}-not"), 1)
        self.assertEqual(self.balancectl("sources", "--server", server, *tls).returncode, 1)
        self.assertEqual(self.balancectl("sources", "--server", server).returncode, 1)
        service.stop()

    def start_service(self, manifests: Manifests, files: PodFiles) -> tuple[Program, str]:
        """The service on other ports and in a hurry, its probes good; and its gRPC address."""
        config = files.config.read_text()
        changes = {f"0.0.0.0:{port}": "127.0.0.1:0" for port in manifests.ports.values()}
        for old, new in (changes | {"drain_delay: 10s": "drain_delay: 0s"}).items():
            self.assertIn(old, config)
            config = config.replace(old, new)
        files.config.write_text(config)
        ports_file = self.folder / "ports"
        service = self.start([SERVICE, "--config", files.config, "--ports-file", ports_file])
        service.wait_for(ports_file.exists, "the service")
        addresses = read_assignments(ports_file)
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            # An error status raises.
            http_get(f"http://{addresses['admin']}{manifests.service[probe]['httpGet']['path']}")
        return service, addresses["grpc"]

    def balancectl(self, *arguments: str | Path) -> subprocess.CompletedProcess:
        return subprocess.run([BIN_DIR / "balancectl", *arguments], text=True, capture_output=True,
                              env=clean_environment(), timeout=30)

    def start(self, arguments: list) -> Program:
        program = Program(arguments, self.folder / f"{arguments[0].name}.log", clean_environment())
        self.addCleanup(program.kill)
        return program


if __name__ == "__main__":
    unittest.main(verbosity=2)
