"""Holds the table of events in docs/logs.md against service/observe/log_event.h, and the code that logs
against both: each event is logged, with the fields of the table in their order, and nothing is logged
in another way.

Run from anywhere; exits 1 with one line a difference.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = ROOT / "service/observe/log_event.h"
DOCUMENT = ROOT / "docs/logs.md"
ENTRY = re.compile(r'\{LogEvent::(k\w+), "(\w+)", spdlog::level::(\w+)\}')
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|", re.MULTILINE)
CALL = re.compile(r"\bLog(?:At)?\((?:[^;]*?)LogEvent::(k\w+)(.*?)\);\n", re.DOTALL)
FIELD = re.compile(r'\{"(\w+)", ')
OTHERWISE = re.compile(r"\bspdlog::(?:trace|debug|info|warn|error|critical|log)\(")
# As spdlog writes them.
LEVELS = {"warn": "warning", "err": "error"}


def logged():
    """Enumerator -> the fields of each place that logs it."""
    found = {}
    for path in sorted((ROOT / "service").rglob("*.cc")):
        if path.name == "log_event.cc":
            continue
        for event, rest in CALL.findall(path.read_text("utf-8")):
            found.setdefault(event, []).append(FIELD.findall(rest))
    return found


def is_part(fields, row):
    """Whether the fields are some of the row's, in its order."""
    rest = iter(row)
    return all(field in rest for field in fields)


def problems():
    events = ENTRY.findall(LIST.read_text("utf-8"))
    rows = {name: (level, re.findall(r"`(\w+)`", fields))
            for name, level, fields in ROW.findall(DOCUMENT.read_text("utf-8"))}
    calls = logged()
    if list(rows) != [name for _, name, _ in events]:
        yield f"docs/logs.md has {list(rows)}, but log_event.h {[name for _, name, _ in events]}"
    for enumerator, name, level in events:
        if name not in rows:
            continue
        wanted = LEVELS.get(level, level)
        if rows[name][0] != wanted:
            yield f"docs/logs.md: {name} is {rows[name][0]}, but {wanted} in log_event.h"
        if enumerator not in calls:
            yield f"log_event.h: nobody logs {enumerator}"
        for fields in calls.get(enumerator, []):
            if not is_part(fields, rows[name][1]):
                yield f"docs/logs.md: {name} has {rows[name][1]}, but is logged with {fields}"
        unused = set(rows[name][1]) - {field for fields in calls.get(enumerator, []) for field in fields}
        if unused:
            yield f"docs/logs.md: {name} is never logged with {sorted(unused)}"
    for path in sorted((ROOT / "service").rglob("*.cc")):
        if OTHERWISE.search(path.read_text("utf-8")):
            yield f"{path.relative_to(ROOT)}: logs past Log(), so that its lines are no JSON"


if __name__ == "__main__":
    found = list(problems())
    print("\n".join(found) or "docs/logs.md lists what is logged")
    sys.exit(1 if found else 0)
