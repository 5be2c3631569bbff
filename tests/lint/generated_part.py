"""The parts of documents that scripts write: between two comments that name the part."""

import difflib
import pathlib
import re
import sys
from typing import Callable


def split(document: pathlib.Path, part: str) -> tuple[str, str, str]:
    """What stands before the part, in it, and behind it, the comments with the outer two."""
    begin, end = f"<!-- begin {part}: ", f"<!-- end {part} -->"
    match = re.search(rf"({re.escape(begin)}[^\n]*-->\n\n?)(.*?)(\n*{re.escape(end)})",
                      text := document.read_text("utf-8"), re.DOTALL)
    if not match:
        raise AssertionError(f"{document.name} has no part \"{part}\"")
    return text[:match.start(2)], match[2], text[match.end(2):]


def difference(document: pathlib.Path, part: str, wanted: str) -> str:
    """As a diff from the part in the document to what it has to be; empty if they are the same."""
    _, found, _ = split(document, part)
    return "\n".join(difflib.unified_diff(found.splitlines(), wanted.splitlines(),
                                          document.name, "wanted", lineterm="", n=0))


def write(document: pathlib.Path, part: str, wanted: str) -> None:
    before, _, behind = split(document, part)
    document.write_text(before.rstrip("\n") + "\n\n" + wanted + "\n\n" + behind.lstrip("\n"), "utf-8")


def main_of(script: str, document: pathlib.Path, part: str, make: Callable[[], str]) -> None:
    """The main program of a script that holds or, with --write, renews a part."""
    root = pathlib.Path(__file__).resolve().parents[2]
    wanted = make()
    if sys.argv[1:] == ["--write"]:
        write(document, part, wanted)
    elif found := difference(document, part, wanted):
        print(found)
        sys.exit(f"{document.name} is out of date; renew it: python3"
                 f" {pathlib.Path(script).resolve().relative_to(root)} --write")
