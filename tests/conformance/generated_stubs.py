"""Python code for the service's API, generated from its .proto file when first imported.

Only the API's own file is compiled: google.rpc comes from the client's own packages, as it does for
any user. Needs external_tools.use_fetched_python().
"""

import sys
import tempfile

from grpc_tools import protoc

from harness import SOURCE_DIR

_folder = tempfile.TemporaryDirectory()
if protoc.main(["protoc", f"--proto_path={SOURCE_DIR / 'proto'}",
                f"--python_out={_folder.name}", f"--grpc_python_out={_folder.name}",
                "balance/v1/balance_service.proto"]) != 0:
    raise RuntimeError("protoc does not accept the API's .proto file")
sys.path.insert(0, _folder.name)

from balance.v1 import balance_service_pb2 as messages  # noqa: E402
from balance.v1 import balance_service_pb2_grpc as services  # noqa: E402

__all__ = ["messages", "services"]
