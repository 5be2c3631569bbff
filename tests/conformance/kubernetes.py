"""The manifests as kustomize renders them, for the tests that judge them.

Importing it ends the program as skipped where there is no kustomize.
"""

import functools
import subprocess
import unittest
from typing import Callable

import yaml

import external_tools
from harness import SOURCE_DIR

KUSTOMIZE = external_tools.require("kustomize") / "kustomize"
FOLDER = SOURCE_DIR / "k8s"
# What an operator applies.
OVERLAYS = ("base", "overlays/dev", "overlays/prod")
APP = "balance-service"
REDIS = "balance-redis"


class Manifests:
    """One rendered overlay."""

    def __init__(self, name: str, text: str):
        self.name = name
        self.text = text
        self.documents = list(yaml.safe_load_all(text))

    def all(self, kind: str) -> list[dict]:
        return [document for document in self.documents if document["kind"] == kind]

    def one(self, kind: str, name: str | None = None) -> dict:
        found = [document for document in self.all(kind)
                 if name is None or document["metadata"]["name"] == name]
        if len(found) != 1:
            raise AssertionError(f"{self.name} has {len(found)} of {kind} {name or ''}")
        return found[0]

    def has(self, kind: str) -> bool:
        return bool(self.all(kind))

    @property
    def deployment(self) -> dict:
        return self.one("Deployment")["spec"]

    @property
    def has_fleet(self) -> bool:
        return "fleet" in self.config

    @property
    def redis(self) -> dict:
        """The StatefulSet of the component fleet."""
        return self.one("StatefulSet", REDIS)["spec"]

    @property
    def redis_pod(self) -> dict:
        return self.redis["template"]["spec"]

    @property
    def redis_labels(self) -> dict[str, str]:
        return self.redis["template"]["metadata"]["labels"]

    @property
    def pods(self) -> list[dict]:
        """Of the service, and of its Redis."""
        return [self.pod, *([self.redis_pod] if self.has_fleet else [])]

    @property
    def pod(self) -> dict:
        return self.deployment["template"]["spec"]

    @property
    def labels(self) -> dict[str, str]:
        return self.deployment["template"]["metadata"]["labels"]

    @property
    def containers(self) -> list[dict]:
        return all_containers(self.pod)

    @property
    def service(self) -> dict:
        """The container that serves."""
        return container(self.containers, APP)

    @property
    def service_volumes(self) -> list[tuple[dict, dict]]:
        """Each mount of the container that serves, with its volume."""
        return mounts(self.service, self.pod)

    @property
    def ports(self) -> dict[str, int]:
        return {port["name"]: port["containerPort"] for port in self.service["ports"]}

    @property
    def config_map(self) -> dict:
        """The one that the pod mounts."""
        [volume] = [volume for volume in self.pod["volumes"] if "configMap" in volume]
        return self.one("ConfigMap", volume["configMap"]["name"])

    @property
    def config_text(self) -> str:
        """What the pod finds as config.yaml."""
        return self.config_map["data"]["config.yaml"]

    @property
    def config(self) -> dict:
        return yaml.safe_load(self.config_text)


def mounts(container: dict, pod: dict) -> list[tuple[dict, dict]]:
    """Each mount of a container, with its volume."""
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    return [(mount, volumes[mount["name"]]) for mount in container["volumeMounts"]]


def needed_secrets(volume: dict) -> list[dict]:
    """The Secrets that a volume is made of, without those that need not be there."""
    secrets = [source["secret"] for source in volume.get("projected", {}).get("sources", [])]
    return [secret for secret in secrets if not secret.get("optional")]


def all_containers(pod: dict) -> list[dict]:
    return pod.get("initContainers", []) + pod["containers"]


def container(containers: list[dict], name: str) -> dict:
    [found] = [container for container in containers if container["name"] == name]
    return found


@functools.cache
def render(overlay: str) -> Manifests:
    result = subprocess.run([KUSTOMIZE, "build", FOLDER / overlay], text=True, capture_output=True)
    if result.returncode != 0:
        raise AssertionError(f"kustomize refuses {overlay}: {result.stderr}")
    return Manifests(overlay, result.stdout)


def for_each_overlay(test: Callable[[unittest.TestCase, Manifests], None]):
    """Makes a test of one that takes the manifests to judge."""
    @functools.wraps(test)
    def run(self: unittest.TestCase) -> None:
        for overlay in OVERLAYS:
            with self.subTest(overlay):
                test(self, render(overlay))
    return run


def seconds(duration: str) -> float:
    return float(duration.removesuffix("s"))
