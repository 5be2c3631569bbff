"""An OCI archive, as a container runtime reads it."""

import hashlib
import io
import json
import tarfile
from pathlib import Path


class OciArchive:
    """The one image in an archive. Every blob's content is held against its name."""

    def __init__(self, path: Path):
        with tarfile.open(path) as archive:
            self._files = {member.name.removeprefix("./"): archive.extractfile(member).read()
                           for member in archive if member.isfile()}
        [entry] = json.loads(self._files["index.json"])["manifests"]
        manifest = json.loads(self._blob(entry))
        # User, Entrypoint, Labels and so on are in its `config`.
        self.description = json.loads(self._blob(manifest["config"]))
        self._layers = manifest["layers"]

    def _blob(self, descriptor: dict) -> bytes:
        algorithm, _, digest = descriptor["digest"].partition(":")
        content = self._files[f"blobs/{algorithm}/{digest}"]
        if hashlib.new(algorithm, content).hexdigest() != digest:
            raise ValueError(f"{digest} is not what it says")
        return content

    def extract(self, folder: Path) -> None:
        """Lays out the root file system, with owners and modes if we are root."""
        for layer in self._layers:
            with tarfile.open(fileobj=io.BytesIO(self._blob(layer))) as content:
                if any(Path(name).name.startswith(".wh.") for name in content.getnames()):
                    raise ValueError("a layer takes something away, which this does not know of")
                content.extractall(folder, numeric_owner=True)
