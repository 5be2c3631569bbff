"""Finds loops and references over what a temporary holds.

`for (auto& x : f()->member)` reads freed memory if f() returns a smart pointer by value: until C++23
the temporary ends before the loop begins. A reference that is bound to `f()->member` dangles alike.
Neither GCC 12 nor clang 14 warns. Give the pointer a name, which keeps it alive.

Run from anywhere; exits 1 with one line a violation.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOR = re.compile(r"\bfor \(")
REFERENCE = re.compile(r"(?:&|\bstring_view|\bspan<[^;=]*>) (\w+) = ([^;]*);")
# A pointer that a call returns, unless protobuf's own naming says that it is a plain one.
THROUGH_CALL = re.compile(r"(\w+)\([^()]*\)->")
PLAIN_POINTERS = re.compile(r"mutable_\w+|add_\w+|emplace_back|get|GetDescriptor|GetReflection|descriptor"
                            r"|message_type|r?begin|back|front|find")


def up_to_closing(text, start):
    """The text between the parenthesis that opens before `start` and the one that closes it."""
    depth = 1
    for end in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return text[start:end]
    return ""


def ranges_of(text):
    """Offset and range of each range-based for."""
    for match in FOR.finditer(text):
        head = up_to_closing(text, match.end())
        if ";" in head:
            continue
        parts = re.split(r"(?<!:):(?!:)", head, maxsplit=1)
        if len(parts) == 2:
            yield match.start(), parts[1]


def references_of(text):
    """Offset and initialiser of each reference or view with a name."""
    for match in REFERENCE.finditer(text):
        yield match.start(), match.group(2)


def dangles(expression):
    return any(not PLAIN_POINTERS.fullmatch(name) for name in THROUGH_CALL.findall(expression))


def violations_of(text):
    for what, found in (("loop over", ranges_of), ("reference to", references_of)):
        for offset, expression in found(text):
            if dangles(expression):
                yield text.count("\n", 0, offset) + 1, what


def main():
    files = [path for top in ("clients", "service", "proto", "tests")
             for path in sorted((ROOT / top).rglob("*")) if path.suffix in (".h", ".cc")]
    problems = [f"{path.relative_to(ROOT)}:{line}: {what} what a temporary holds; "
                "give the pointer that the call returns a name"
                for path in files for line, what in violations_of(path.read_text("utf-8"))]
    print("\n".join(problems) or f"no loop or reference in {len(files)} files hangs on a temporary")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
