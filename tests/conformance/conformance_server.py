"""grpc-conformance-server, as a server for other judges than connectconformance."""

from pathlib import Path

from harness import BIN_DIR, Program, clean_environment


class ConformanceServer:
    """Speaks plaintext on loopback."""

    def __init__(self, folder: Path, *options: str):
        port_file = folder / "port"
        self.program = Program([BIN_DIR / "grpc-conformance-server", "--port-file", port_file,
                                *options], folder / "server.log", clean_environment())
        self.program.wait_for(port_file.exists, "the conformance server's port file")
        self.port = int(port_file.read_text())
