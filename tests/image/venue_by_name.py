"""An HTTPS server that is found by a name server of its own, both on loopback."""

import contextlib
import socket
import ssl
import subprocess
import threading
from pathlib import Path

TYPE_A = 1


def make_certificate(folder: Path, name: str) -> Path:
    """A PEM file with a key and a self-signed certificate for `name`."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, capture_output=True)
    return folder / "certificate.pem"


def _answer(query: bytes) -> bytes:
    """127.0.0.1 for a question of type A, nothing for others."""
    end = query.index(b"\0", 12) + 5
    is_a = int.from_bytes(query[end - 4:end - 2], "big") == TYPE_A
    record = bytes.fromhex("c00c 0001 0001 0000003c 0004 7f000001") if is_a else b""
    return (query[:2] + bytes.fromhex("8180 0001") + is_a.to_bytes(2, "big") + bytes(4)
            + query[12:end] + record)


class VenueByName:
    """Answers each request with 503, on port 443; every name leads to it."""

    def __init__(self, certificate: Path):
        # The request lines and headers that arrived.
        self.requests: list[str] = []
        self._names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._names.bind(("127.0.0.1", 53))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        self._venue = context.wrap_socket(socket.create_server(("127.0.0.1", 443)),
                                          server_side=True)
        for serve in (self._serve_names, self._serve_venue):
            threading.Thread(target=serve, daemon=True).start()

    def _serve_names(self) -> None:
        while True:
            query, peer = self._names.recvfrom(512)
            self._names.sendto(_answer(query), peer)

    def _serve_venue(self) -> None:
        while True:
            # Who does not trust the certificate leaves in the handshake.
            with contextlib.suppress(OSError):
                connection, _ = self._venue.accept()
                with connection:
                    self.requests.append(connection.recv(4096).decode())
                    connection.sendall(b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n"
                                       b"Connection: close\r\n\r\n")
