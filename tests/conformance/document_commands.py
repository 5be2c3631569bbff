"""The commands in the documents for people, and the files that they need.

A block of commands is fenced as `console`; each command begins with `$ `. A comment on the line before
a block says how it is to be taken:

    <!-- not run: REASON -->    no command of the block can run in a test on loopback
    <!-- file: NAME -->         the block is the text of a file, which later commands find
    <!-- served by: NAME -->    the commands talk to a service that runs with this file of before

In the comment that ends a command, `exit N` is the exit code that it has if that is not 0, and
`until Ctrl-C` says that it goes on by itself until it is interrupted.
"""

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"(?:^<!-- (?P<mark>[a-z ]+): (?P<about>[^\n]+?) -->\n)?"
                   r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.MULTILINE)
EXIT_CODE = re.compile(r"\s#.*\bexit (\d+)\b")
UNTIL_INTERRUPTED = re.compile(r"\s#.*\buntil Ctrl-C\b")


@dataclass
class Command:
    text: str

    @property
    def exit_code(self) -> int:
        match = EXIT_CODE.search(self.text)
        return int(match[1]) if match else 0

    @property
    def goes_on(self) -> bool:
        return bool(UNTIL_INTERRUPTED.search(self.text))


@dataclass
class Block:
    document: Path
    line: int
    language: str
    mark: str
    about: str
    text: str

    @property
    def commands(self) -> list[Command]:
        return [Command(text) for text in COMMAND.findall(self.text)]

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}"


def blocks_of(document: Path) -> list[Block]:
    text = document.read_text()
    return [Block(document, text.count("\n", 0, match.start("language")) + 1, match["language"],
                  match["mark"] or "", match["about"] or "", match["text"])
            for match in BLOCK.finditer(text)]


def documents(root: Path) -> list[Path]:
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
