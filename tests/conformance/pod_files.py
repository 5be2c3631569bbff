"""Lays out in a folder what a pod finds in its volumes, for the real programs to read.

As the kubelet does: `..data` leads to a folder with a time for a name, and each file to one there.
"""

import base64
import re
import subprocess
from pathlib import Path

from kubernetes import Manifests

# Secret -> its files: what README.md tells an operator to create. `None`: PEM, made by PodFiles.
SECRETS = {
    "balance-desk-1": {
        "polymarket-us-key-id": "6fd1a30c-8a0c-4a3e-9d3b-2a3a1c3a5b11\n",
        "polymarket-us-secret": base64.b64encode(bytes(range(32))).decode() + "\n",
        "polysimulator-key": "ps_live_" + "5" * 64 + "\n",
    },
    "balance-tls": {"tls.crt": None, "tls.key": None},
    "balance-client-ca": {"ca.crt": None},
}
DEFAULT_MODE = 0o644


class PodFiles:
    """The mounted folders of the container that serves, below `root`."""

    def __init__(self, manifests: Manifests, root: Path):
        self._manifests = manifests
        self._root = root
        self._pem = self._make_pem()
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

    def _make_pem(self) -> dict[str, str]:
        certificate, key = self._root / "made.crt", self._root / "made.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=balance",
                        "-addext", "subjectAltName=DNS:balance-service.balance.svc",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return {"tls.crt": certificate.read_text(), "tls.key": key.read_text(),
                "ca.crt": certificate.read_text()}

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
        known = SECRETS[source["name"]]
        return {item["path"]: known[item["key"]] or self._pem[item["key"]]
                for item in source["items"]}
