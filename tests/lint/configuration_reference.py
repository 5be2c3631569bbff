"""Holds the configuration reference in docs/operating.md against the comments of config.proto.

Run from anywhere; exits 1 if the two differ. With --write it renews the document's part instead.
"""

import pathlib
import re
import sys
from dataclasses import dataclass, field

from generated_part import main_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "proto/balance/config/v1/config.proto"
DOCUMENT = ROOT / "docs/operating.md"
PART = "configuration reference"

TYPES = {"string": "text", "bool": "`true` or `false`", "int32": "whole number", "double": "number",
         "google.protobuf.Duration": "duration"}
FIELD = re.compile(r"(optional |repeated )?([\w.]+|map<\w+, \w+>) (\w+) = \d+;")
# A default that is one value has a column of its own. Others are told in words.
DEFAULT = re.compile(r"(?:^|(?<=\. ))Default (`[^`]+`|[\w.]+?)(?:; |\.(?: |$))")


@dataclass
class Field:
    name: str
    type: str
    is_list: bool
    comment: list[str]


@dataclass
class Block:
    """A message, or an enum, whose fields are its values then."""
    name: str
    comment: list[str]
    fields: list[Field] = field(default_factory=list)


class Schema:
    """The messages and enums of a proto file in the style of this repository: one declaration a line,
    comments before it. Anything else is an error, so that nothing is left out unnoticed."""

    def __init__(self, text: str):
        self.blocks: dict[str, Block] = {}
        self._open: list[Block] = []
        self._comment: list[str] = []
        for number, line in enumerate(text.splitlines(), 1):
            if not self._take(line.strip()):
                sys.exit(f"{SCHEMA.name}:{number}: not understood: {line}")

    def _take(self, line: str) -> bool:
        if line.startswith("//"):
            self._comment.append(line[2:].removeprefix(" "))
            return True
        comment, self._comment = self._comment, []
        if re.match(r"(syntax|package|import|option)\b.*;$", line) or not line:
            return True
        if match := re.fullmatch(r"(message|enum) (\w+) \{", line):
            self._open.append(Block(match[2], comment))
            self.blocks[match[2]] = self._open[-1]
        elif re.fullmatch(r"oneof \w+ \{", line):
            # Its fields are the message's; what holds for all of them stands with the first.
            self._open.append(self._open[-1])
            self._comment = comment
        elif line == "}":
            self._open.pop()
        elif match := FIELD.fullmatch(line):
            self._open[-1].fields.append(
                Field(match[3], match[2], match[1] == "repeated ", comment))
        elif match := re.fullmatch(r"(\w+) = \d+;", line):
            if not match[1].endswith("_UNSPECIFIED"):
                self._open[-1].fields.append(Field(match[1], "", False, comment))
        else:
            return False
        return True

    def is_enum(self, name: str) -> bool:
        return name in self.blocks and all(not each.type for each in self.blocks[name].fields)


def one_line(comment: list[str]) -> str:
    return re.sub(r" +", " ", " ".join(comment)).replace("|", "\\|").strip()


def paragraphs(comment: list[str]) -> str:
    """The comment as Markdown: indented lines are YAML, the others text."""
    pieces = []
    for line in comment:
        is_code = line.startswith("    ")
        if pieces and pieces[-1][0] == "code" and (is_code or not line):
            pieces[-1][1].append(line[4:])
        elif is_code:
            pieces.append(("code", [line[4:]]))
        elif pieces and pieces[-1][0] == "text" and line:
            pieces[-1][1].append(line)
        elif line:
            pieces.append(("text", [line]))
    return "\n\n".join(
        "```yaml\n" + "\n".join(lines).strip("\n") + "\n```" if kind == "code" else "\n".join(lines)
        for kind, lines in pieces)


def type_of(schema: Schema, each: Field) -> str:
    if each.type.startswith("map<"):
        return "one key a secret"
    if schema.is_enum(each.type):
        return " or ".join(f"`{value.name}`" for value in schema.blocks[each.type].fields)
    name = TYPES.get(each.type, "block" if each.type in schema.blocks else None)
    if name is None:
        sys.exit(f"{SCHEMA.name}: no word for the type {each.type}")
    return f"list of {name}s" if each.is_list else name


def row(schema: Schema, each: Field) -> str:
    meaning = one_line(each.comment)
    default = DEFAULT.search(meaning)
    if default:
        rest = meaning[default.end():]
        meaning = meaning[:default.start()] + rest[:1].upper() + rest[1:]
    if schema.is_enum(each.type):
        for value in schema.blocks[each.type].fields:
            if value.comment:
                meaning += f" `{value.name}`: {one_line(value.comment)}"
    shown = default[1].strip("`") if default else ""
    return (f"| `{each.name}` | {type_of(schema, each)} | {f'`{shown}`' if shown else ''} |"
            f" {meaning.strip()} |")


def places(schema: Schema) -> dict[str, list[str]]:
    """Message -> the keys under which it stands in the file, in the order of the schema."""
    found: dict[str, list[str]] = {"Config": [""]}
    waiting = ["Config"]
    while waiting:
        name = waiting.pop(0)
        for each in schema.blocks[name].fields:
            inner = re.sub(r"map<\w+, (\w+)>", r"\1", each.type)
            if inner not in schema.blocks or schema.is_enum(inner):
                continue
            path = f"{found[name][0]}.{each.name}".lstrip(".") + ("[]" if each.is_list else "")
            found.setdefault(inner, []).append(path)
            if len(found[inner]) == 1:
                waiting.append(inner)
    return found


def render(schema: Schema) -> str:
    parts = []
    for name, paths in places(schema).items():
        block = schema.blocks[name]
        title = " and ".join(f"`{path}`" for path in paths) if paths != [""] else "The file"
        parts.append(f"#### {title}")
        if block.comment:
            parts.append(paragraphs(block.comment))
        parts.append("\n".join(["| key | type | default | meaning |", "|---|---|---|---|",
                                *(row(schema, each) for each in block.fields)]))
    return "\n\n".join(parts)


if __name__ == "__main__":
    main_of(__file__, DOCUMENT, PART, lambda: render(Schema(SCHEMA.read_text("utf-8"))))
