"""Holds SECURITY.md against the tests that there are: each suite, test and row of the fault matrix
that it names must exist."""

import pathlib
import re
import sys

from matrix_table import ROWS

TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)", re.MULTILINE)
NAMED = re.compile(r"`(\w+Test)(?:\.(\w+))?`")
ROW = re.compile(r"\bM\d{2,}\b")


def main():
    root = pathlib.Path(sys.argv[1])
    text = (root / "SECURITY.md").read_text("utf-8")
    tests = {pair for path in (root / "tests").rglob("*.cc")
             for pair in TEST.findall(path.read_text("utf-8"))}
    suites = {suite for suite, _ in tests}
    wrong = [f"{suite}.{name}" if name else suite for suite, name in NAMED.findall(text)
             if suite not in suites or (name and (suite, name) not in tests)]
    wrong += sorted(set(ROW.findall(text)) - ROWS)
    for name in wrong:
        print(f"SECURITY.md: there is no test {name}")
    return 1 if wrong or not NAMED.search(text) else 0


if __name__ == "__main__":
    sys.exit(main())
