"""Finds arguments in braces of what is awaited.

GCC 12 moves a temporary of a co_await expression into the coroutine's frame. If it is an aggregate,
as in `co_await Read({name, limit})` or `co_await Read(Terms{name, limit})`, it copies the bytes: a
std::string or std::shared_ptr inside is then freed twice. Give the argument a name before.

Run from anywhere; exits 1 with one line a violation.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
AWAIT = re.compile(r"\bco_await\b")
COMMENT = re.compile(r"//[^\n]*")
# What stands before the body of a lambda: its captures, its parameters or its result.
BEFORE_BODY = re.compile(r"(?:\]|\)(?:\s*mutable)?(?:\s*->\s*[\w:<>]+)?)\s*$")


def without_comments(text):
    return COMMENT.sub(lambda match: " " * len(match.group()), text)


def end_of_block(text, start):
    """Behind the brace that closes the one at `start`."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return len(text)


def has_braced_argument(text, start):
    """Whether the expression that begins at `start` has one. Bodies of lambdas are none."""
    depth = 0
    at = start
    while at < len(text):
        character = text[at]
        if character == "{":
            if depth == 0:
                return False
            if not BEFORE_BODY.search(text[start:at]):
                return True
            at = end_of_block(text, at)
            continue
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0 or character == ";":
            return False
        at += 1
    return False


def violations_of(text):
    code = without_comments(text)
    for match in AWAIT.finditer(code):
        if has_braced_argument(code, match.end()):
            yield text.count("\n", 0, match.start()) + 1


def main():
    files = [path for top in ("clients", "service", "tests")
             for path in sorted((ROOT / top).rglob("*")) if path.suffix in (".h", ".cc")]
    problems = [f"{path.relative_to(ROOT)}:{line}: an argument in braces of what is awaited; "
                "give it a name before"
                for path in files for line in violations_of(path.read_text("utf-8"))]
    print("\n".join(problems) or f"no co_await in {len(files)} files has an argument in braces")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
