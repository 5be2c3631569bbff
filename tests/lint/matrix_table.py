"""Holds the table of the fault matrix in tests/README.md against the rows that there have to be and
against the tests that there are."""

import pathlib
import re
import sys

TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(M\d+)_", re.MULTILINE)
# A row is added here with its first test, and never leaves.
ROWS = {f"M{number:02}" for number in [
    *range(1, 61), 63, 64,
    *range(70, 75),
    *range(80, 84),
    *range(90, 98),
    *range(100, 107),
    *range(110, 118),
    *range(120, 126),
    *range(130, 139),
    *range(140, 146), 150,
    *range(160, 169),
    *range(170, 189),
]}
ROW = re.compile(r"^\| (M\d+) \|[^|]*\|([^|]*)\|", re.MULTILINE)


def tests_in(root):
    found = set()
    for path in sorted((root / "tests").rglob("*.cc")):
        found.update((row, suite) for suite, row in TEST.findall(path.read_text("utf-8")))
    return found


def tests_in_table(root):
    listed = set()
    for row, suites in ROW.findall((root / "tests/README.md").read_text("utf-8")):
        listed.update((row, suite) for suite in re.findall(r"`(\w+)`", suites))
    return listed


def main():
    root = pathlib.Path(sys.argv[1])
    found, listed = tests_in(root), tests_in_table(root)
    rows = {row for row, _ in listed}
    for row in sorted(ROWS - rows):
        print(f"tests/README.md: row {row} of the fault matrix is gone, or names no test")
    for row in sorted(rows - ROWS):
        print(f"tests/lint/matrix_table.py: row {row} is not among those that there have to be")
    for row, suite in sorted(found - listed):
        print(f"tests/README.md: row {row} lacks {suite}")
    for row, suite in sorted(listed - found):
        print(f"tests/README.md: row {row} names {suite}, which has no test of that row")
    return 0 if found == listed and rows == ROWS else 1


if __name__ == "__main__":
    sys.exit(main())
