"""Lays out in a folder what a pod finds in its volumes, for the real programs to read.

As the kubelet does: `..data` leads to a folder with a time for a name, and each file to one there.
"""

import base64
import re
from pathlib import Path

from certificates import Authority
from kubernetes import Manifests

LOGINS = {
    "polymarket-us-key-id": "6fd1a30c-8a0c-4a3e-9d3b-2a3a1c3a5b11\n",
    "polymarket-us-secret": base64.b64encode(bytes(range(32))).decode() + "\n",
    "polysimulator-key": "ps_live_" + "5" * 64 + "\n",
}
# As callers dial it.
SERVER_NAME = "balance-service.balance.svc"
DEFAULT_MODE = 0o644


class PodFiles:
    """The folders mounted in the container that serves, below `root`, with the Secrets of docs/operating.md."""

    def __init__(self, manifests: Manifests, root: Path):
        self._manifests = manifests
        # Of the callers and of the server.
        self.authority = Authority(root)
        certificate, key = self.authority.issue("server", f"DNS:{SERVER_NAME}")
        self._secrets = {
            "balance-desk-1": LOGINS,
            "balance-tls": {"tls.crt": certificate.read_text(), "tls.key": key.read_text()},
            "balance-client-ca": {"ca.crt": self.authority.certificate.read_text()},
        }
        self._folders = {mount["mountPath"]: root / mount["mountPath"].lstrip("/")
                         for mount, _ in manifests.service_volumes}
        for mount, volume in manifests.service_volumes:
            self._fill(self._folders[mount["mountPath"]], volume)
        # Its own paths, but for the mounted ones, which lead into `root`.
        self.config = root / "config.yaml"
        self.config.write_text(self.rebase(manifests.config_text))

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
            for source in volume["projected"]["sources"]:
                files |= self._secret(source["secret"])
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
