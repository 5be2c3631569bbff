"""Lays out in a folder what a pod finds in its volumes, for the real programs to read.

As the kubelet does: `..data` leads to a folder with a time for a name, and each file to one there.
"""

import base64
import re
import subprocess
import textwrap
from pathlib import Path

from certificates import Authority
from harness import SOURCE_DIR
from kubernetes import FOLDER, Manifests, mounts, needed_secrets

LOGINS = {
    "polymarket-us-key-id": "6fd1a30c-8a0c-4a3e-9d3b-2a3a1c3a5b11\n",
    "polymarket-us-secret": base64.b64encode(bytes(range(32))).decode() + "\n",
    "polysimulator-key": "ps_live_" + "5" * 64 + "\n",
}
# As callers dial it.
SERVER_NAME = "balance-service.balance.svc"
DEFAULT_MODE = 0o644
# Secret -> its keys, as the README of the component fleet has them.
FLEET_SECRETS = {"balance-fleet": ("redis-password", "redis-ca.crt", "sealing-key"),
                 "balance-redis": ("users.acl", "redis.crt", "redis.key")}


def fleet_secrets(folder: Path) -> dict[str, dict[str, str]]:
    """Secret -> key -> text, made in the folder by the commands of the component's README."""
    readme = (FOLDER / "components/fleet/README.md").read_text()
    [commands] = re.findall(r"^(    umask 077\n(?:    .*\n)+)", readme, re.MULTILINE)
    folder.mkdir()
    (folder / "k8s").symlink_to(SOURCE_DIR / "k8s")
    subprocess.run(["bash", "-euc", textwrap.dedent(commands)], cwd=folder, check=True,
                   capture_output=True)
    return {secret: {key: (folder / key).read_text() for key in keys}
            for secret, keys in FLEET_SECRETS.items()}


class MountedFolders:
    """The folders that a container mounts, below `root`. `secrets` are those of the namespace."""

    def __init__(self, manifests: Manifests, volumes: list[tuple[dict, dict]],
                 secrets: dict[str, dict[str, str]], root: Path):
        self._manifests = manifests
        self._secrets = secrets
        self._folders = {mount["mountPath"]: root / mount["mountPath"].lstrip("/")
                         for mount, _ in volumes}
        for mount, volume in volumes:
            self._fill(self._folders[mount["mountPath"]], volume)

    def rebase(self, text: str) -> str:
        """The text with the mounted paths, and those below them, as they are here."""
        paths = sorted(self._folders, key=len, reverse=True)
        pattern = "|".join(rf"{re.escape(path)}(?=[/\s,}}]|$)" for path in paths)
        return re.sub(pattern, lambda match: str(self._folders[match[0]]), text)

    def _fill(self, folder: Path, volume: dict) -> None:
        folder.mkdir(parents=True)
        if "emptyDir" in volume:
            return
        if "configMap" in volume:
            name, mode = volume["configMap"]["name"], DEFAULT_MODE
            files = self._manifests.one("ConfigMap", name)["data"]
        elif "projected" in volume:
            mode = volume["projected"]["defaultMode"]
            files = {}
            for secret in needed_secrets(volume):
                files |= self._secret(secret)
        else:
            raise AssertionError(f"what is in the volume {volume['name']}?")
        data = folder / "..2026_11_21"
        data.mkdir()
        (folder / "..data").symlink_to(data.name)
        for name, content in files.items():
            (data / name).write_text(content)
            (data / name).chmod(mode)
            (folder / name).symlink_to(f"..data/{name}")

    def _secret(self, source: dict) -> dict[str, str]:
        keys = self._secrets[source["name"]]
        return {item["path"]: keys[item["key"]] for item in source["items"]}


class PodFiles(MountedFolders):
    """Those of the container that serves, with the Secrets of docs/operating.md."""

    def __init__(self, manifests: Manifests, root: Path):
        # Of the callers and of the server.
        self.authority = Authority(root)
        certificate, key = self.authority.issue("server", f"DNS:{SERVER_NAME}")
        self.secrets = {
            "balance-desk-1": LOGINS,
            "balance-tls": {"tls.crt": certificate.read_text(), "tls.key": key.read_text()},
            "balance-client-ca": {"ca.crt": self.authority.certificate.read_text()},
        }
        if manifests.has_fleet:
            self.secrets |= fleet_secrets(root / "made")
        super().__init__(manifests, manifests.service_volumes, self.secrets, root)
        # Its own paths, but for the mounted ones, which lead into `root`.
        self.config = root / "config.yaml"
        self.config.write_text(self.rebase(manifests.config_text))


class RedisFiles(MountedFolders):
    """Those of Redis, with the Secrets that the service has in `files`."""

    def __init__(self, manifests: Manifests, files: PodFiles, root: Path):
        pod = manifests.redis_pod
        super().__init__(manifests, mounts(pod["containers"][0], pod), files.secrets, root)
        [path] = pod["containers"][0]["args"]
        self.config = Path(self.rebase(path))
        self.config_text = self.rebase(self.config.read_text())
