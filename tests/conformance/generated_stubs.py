"""Python code for the service's API, generated from its .proto file when first imported.

Only the API's own file is compiled: google.rpc comes from the client's own packages, as it does for
any user. Needs external_tools.use_fetched_python().
"""

import sys
import tempfile

from grpc_tools import protoc

from harness import SOURCE_DIR

API_FILES = ["balance/v1/balance_service.proto"]


def generate(files: list[str], *options: str) -> None:
    """Runs protoc. REQUIRES: `options` say what is generated, and where."""
    if protoc.main(["protoc", f"--proto_path={SOURCE_DIR / 'proto'}", *options, *files]) != 0:
        raise RuntimeError("protoc does not accept the API's .proto file")


_folder = tempfile.TemporaryDirectory()
generate(API_FILES, f"--python_out={_folder.name}", f"--grpc_python_out={_folder.name}")
sys.path.insert(0, _folder.name)

from balance.v1 import balance_service_pb2 as messages  # noqa: E402
from balance.v1 import balance_service_pb2_grpc as services  # noqa: E402

__all__ = ["API_FILES", "generate", "messages", "services"]
