"""Certificates for a test, from an authority of its own."""

import subprocess
from pathlib import Path

_REQUEST = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2")


class Authority:
    """Writes PEM files into `folder`."""

    def __init__(self, folder: Path):
        self._folder = folder
        self.certificate, self._key = self._request("authority", ())

    def issue(self, name: str, *alternative_names: str) -> tuple[Path, Path]:
        """The certificate and its key, for names such as DNS:example.org or URI:spiffe://a/b."""
        return self._request(name, ("-CA", self.certificate, "-CAkey", self._key,
                                    "-addext", "basicConstraints=critical,CA:FALSE",
                                    "-addext", "subjectAltName=" + ",".join(alternative_names)))

    def _request(self, name: str, options: tuple) -> tuple[Path, Path]:
        certificate, key = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        subprocess.run([*_REQUEST, "-subj", f"/CN={name}", *options, "-keyout", key, "-out",
                        certificate], check=True, capture_output=True)
        return certificate, key
