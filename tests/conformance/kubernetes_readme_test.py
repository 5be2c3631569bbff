"""The commands for Kubernetes in the documents fit the manifests. No cluster is here to run them against."""

import json
import re
import shlex
import unittest
from pathlib import Path

import source_facts
from harness import SOURCE_DIR
from kubernetes import FOLDER, OVERLAYS, Manifests, needed_secrets, render
from network_rules import Peer, allows

MOST_COMMANDS = 10
TLS_SECRET_KEYS = {"tls.crt", "tls.key"}
RUNBOOK = SOURCE_DIR / "docs/runbook.md"
# Documents with commands for production.
DOCUMENTS = [RUNBOOK, SOURCE_DIR / "docs/operating.md", *sorted(FOLDER.rglob("README.md"))]


def blocks() -> list[list[list[str]]]:
    """The commands of each code block of the section, in words."""
    [section] = re.findall(r"^## Kubernetes\n(.*?)(?=^## )",
                           (SOURCE_DIR / "docs/operating.md").read_text(), re.MULTILINE | re.DOTALL)
    return [[shlex.split(command.replace("\\\n", " "))
             for command in re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE)]
            for block in re.findall(r"```console\n(.*?)```", section, re.DOTALL)]


def kubectl_commands(document: Path) -> list[list[str]]:
    """All that a document names, in its sentences too, in words."""
    return [shlex.split(command.replace("\\\n", " "), comments=True)
            for command in re.findall(r"\bkubectl (?:\\\n|[^`|\n])+", document.read_text())]


def created_secrets(commands: list[list[str]]) -> dict[str, set[str]]:
    secrets = {}
    for words in commands:
        if "secret" in words:
            kind, name = words[words.index("secret") + 1:][:2]
            secrets[name] = TLS_SECRET_KEYS if kind == "tls" else {
                word.partition("=")[2] for word in words if word.startswith("--from-file=")}
    return secrets


def mounted_secrets(manifests: Manifests) -> dict[str, set[str]]:
    return {secret["name"]: {item["key"] for item in secret["items"]}
            for pod in manifests.pods for volume in pod["volumes"]
            for secret in needed_secrets(volume)}


def labelled_callers(commands: list[list[str]]) -> list[Peer]:
    """The pods of the Deployments that the commands label, in namespaces that they label."""
    namespaces = {words[3]: dict([words[4].split("=")]) for words in commands
                  if words[:3] == ["kubectl", "label", "namespace"]}
    callers = []
    for words in commands:
        if "patch" in words:
            namespace = words[words.index("-n") + 1]
            template = json.loads(words[-1])["spec"]["template"]
            callers.append(Peer(labels=template["metadata"]["labels"], namespace=namespace,
                                namespace_labels=namespaces.get(namespace, {})))
    return callers


class KubernetesReadmeTest(unittest.TestCase):

    def test_ten_commands_are_enough(self):
        for commands in blocks():
            self.assertTrue(commands)
            self.assertLessEqual(len(commands), MOST_COMMANDS)

    def test_each_block_applies_one_overlay_after_creating_what_it_mounts(self):
        applied = []
        for commands in blocks():
            [overlay] = [words[words.index("-k") + 1] for words in commands if "-k" in words]
            manifests = render(str((SOURCE_DIR / overlay).relative_to(FOLDER)))
            applied.append(manifests.name)

            self.assertEqual(created_secrets(commands), mounted_secrets(manifests))
            namespace = manifests.one("Namespace")["metadata"]["name"]
            namespaces = {words[words.index("-n") + 1] for words in commands if "-n" in words}
            self.assertEqual(namespaces - {caller.namespace for caller in labelled_callers(commands)},
                             {namespace})
            deployments = {word.removeprefix("deployment/") for words in commands
                           for word in words if word.startswith("deployment/")}
            self.assertEqual(deployments, {manifests.one("Deployment")["metadata"]["name"]})
        self.assertEqual(applied, list(OVERLAYS[1:]))

    def test_production_lets_in_the_caller_that_is_labelled(self):
        manifests = render("overlays/prod")
        [caller] = labelled_callers(blocks()[1])

        self.assertTrue(allows(manifests.all("NetworkPolicy"), "Ingress", manifests.labels, caller,
                               manifests.ports["grpc"]))
        self.assertIn(caller.labels["balance-service/caller"],
                      {entry["id"] for entry in manifests.config["callers"]})

    def test_callers_are_told_of_both_labels(self):
        [section] = re.findall(r"^## How callers find it\n(.*?)(?=^## )",
                               (FOLDER / "README.md").read_text(), re.MULTILINE | re.DOTALL)

        self.assertIn("`balance-service/caller: trading-bot`", section)
        self.assertIn("`balance-service/callers: allowed`", section)

    def test_built_images_are_those_of_the_development_pod(self):
        commands = blocks()[0]
        built = {words[words.index("-t") + 1] for words in commands if words[0] == "docker"}
        [loaded] = [set(words[3:]) for words in commands if words[0] == "kind"]

        self.assertEqual(built, loaded)
        self.assertEqual(built, {container["image"]
                                 for container in render("overlays/dev").containers})
        for image in built:
            self.assertTrue(image.endswith(":" + source_facts.project_version()))

    def test_commands_of_the_runbook_are_for_production(self):
        manifests = render("overlays/prod")
        commands = kubectl_commands(RUNBOOK)

        self.assertTrue(commands)
        for words in commands:
            self.assertEqual(words[1:3], ["-n", manifests.one("Namespace")["metadata"]["name"]])
        [forward] = [words for words in commands if "port-forward" in words]
        self.assertEqual({int(word) for word in forward if word.isdigit()},
                         {manifests.ports["admin"]})

    def test_workloads_that_documents_name_exist(self):
        manifests = render("overlays/prod")
        workloads = {f"{kind.lower()}/{document['metadata']['name']}"
                     for kind in ("Deployment", "StatefulSet") for document in manifests.all(kind)}

        named = {word for document in DOCUMENTS for words in kubectl_commands(document)
                 for word in words if re.match(r"(deployment|statefulset)/", word)}

        self.assertEqual(named, workloads)

    def test_a_secret_is_replaced_with_all_its_keys(self):
        mounted = mounted_secrets(render("overlays/prod"))
        replaced = created_secrets([words for words in kubectl_commands(FOLDER / "README.md")
                                    if "--dry-run=client" in words])

        self.assertTrue(replaced)
        self.assertLessEqual(replaced.items(), mounted.items())

    def test_ports_and_files_exist(self):
        commands = [words for block in blocks() for words in block]
        [forward] = [words for words in commands if "port-forward" in words]
        ports = {int(word) for word in forward if word.isdigit()}

        self.assertEqual(ports, set(render("overlays/dev").ports.values()))
        for words in commands:
            if "-f" in words:
                self.assertTrue((SOURCE_DIR / words[words.index("-f") + 1]).is_file())


if __name__ == "__main__":
    unittest.main(verbosity=2)
