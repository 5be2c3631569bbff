"""The libraries that docs/calling.md speaks of, and what each of them does without a recipe."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from external_tools import folder_of


@dataclass
class Client:
    """A library, and the program in calling/ that uses it."""

    # What the program needs, and the one of them that its packages are in.
    tools: tuple[str, ...]
    # Starts the program in a copy of its folder.
    command: list
    # What the library does without a recipe; docs/calling.md has a table of it.
    facts: dict
    # Adds to the copy of the program's folder.
    prepare: Callable[[Path], None] = lambda folder: None
    # Why the program cannot run here though its tools are there.
    why_not: Callable[[], str | None] = lambda: None


def generate(*options: str, files: tuple[str, ...] = ()) -> None:
    # It needs packages that only the programs' tests have.
    from generated_stubs import API_FILES, generate
    generate(API_FILES + list(files), *options)


def for_grpcio(folder: Path) -> None:
    generate(f"--python_out={folder}", f"--grpc_python_out={folder}")


def for_grpclib(folder: Path) -> None:
    generate(f"--python_out={folder}", f"--grpclib_python_out={folder}",
             f"--plugin=protoc-gen-grpclib_python={folder_of('grpclib')}/bin/protoc-gen-grpclib_python")


def for_grpc_js(folder: Path) -> None:
    (folder / "node_modules").symlink_to(folder_of("calling_node") / "node_modules")


def for_connect_node(folder: Path) -> None:
    for_grpc_js(folder)
    # These are in no package of its.
    errors = ("google/rpc/error_details.proto", "google/rpc/status.proto")
    generate(f"--es_out={folder}", "--es_opt=target=js,import_extension=js",
             f"--plugin=protoc-gen-es={folder}/node_modules/.bin/protoc-gen-es", files=errors)
    (folder / "package.json").write_text('{"type": "module"}')


def why_not_node() -> str | None:
    """An older one ends a few calls with their connection in a way that the published service config
    does not repeat; connection_ages_test.py tries that."""
    version = subprocess.check_output(["node", "--version"], text=True, stdin=subprocess.DEVNULL)
    major, minor = map(int, re.match(r"v(\d+)\.(\d+)", version).groups())
    return None if (major, minor) >= (20, 20) else f"Node {version.strip()} is older than 20.20"


CLIENTS = {
    "grpcio": Client(
        ("python",), [folder_of("python") / "bin/python", "program.py"],
        {"version": "1.85.1", "flaky": "OK", "sick": "UNAVAILABLE", "closed": "UNAVAILABLE",
         "closed_waiting": "DEADLINE_EXCEEDED", "slow": "DEADLINE_EXCEEDED",
         "misspelt": ["refused", "refused"]}, for_grpcio),
    "grpclib": Client(
        ("grpclib",), [folder_of("grpclib") / "bin/python", "program.py"],
        {"version": "0.4.9", "flaky": "UNAVAILABLE", "flaky_by_recipe": "OK", "sick": "OK",
         "closed": "ConnectionRefusedError", "slow": "TimeoutError",
         "misspelt": ["refused", "refused"]}, for_grpclib),
    "grpc_js": Client(
        ("calling_node",), ["node", "program.mjs"],
        {"version": "1.14.7", "flaky": "OK", "sick": "OK", "closed": "UNAVAILABLE",
         "closed_waiting": "DEADLINE_EXCEEDED", "slow": "DEADLINE_EXCEEDED",
         "misspelt": ["dropped", "dropped"]}, for_grpc_js, why_not_node),
    "connect_node": Client(
        ("calling_node",), ["node", "program.mjs"],
        {"version": "2.1.2", "flaky": "Unavailable", "sick": "OK", "closed": "Unavailable",
         "slow": "DeadlineExceeded", "lost": [4, 1], "outlived": True,
         "misspelt": ["refused, from JSON refused", "dropped, from JSON refused"]}, for_connect_node,
        why_not_node),
    "grpc_go": Client(
        ("grpc_go",), [folder_of("grpc_go") / "calling"],
        {"version": "1.85.0", "flaky": "OK", "sick": "Unavailable", "closed": "Unavailable",
         "closed_waiting": "DeadlineExceeded", "slow": "DeadlineExceeded",
         "misspelt": ["refused", "refused"]}),
    "grpc_java": Client(
        ("grpc_java",),
        ["java", "-cp", f"{folder_of('grpc_java')}/classes:{folder_of('grpc_java')}/lib/*", "Program"],
        {"version": "1.76.0", "flaky": "OK", "sick": "UNAVAILABLE", "closed": "UNAVAILABLE",
         "closed_waiting": "DEADLINE_EXCEEDED", "slow": "DEADLINE_EXCEEDED",
         "misspelt": ["refused", "refused"]}),
    "tonic": Client(
        ("tonic",), [folder_of("tonic") / "calling"],
        {"version": "0.14.9", "flaky": "Unavailable", "flaky_by_recipe": "Ok", "sick": "Ok",
         "closed": "Unavailable", "slow": "Cancelled"}),
}
