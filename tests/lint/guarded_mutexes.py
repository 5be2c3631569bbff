"""Holds every lock to the annotations that Clang checks.

-Wthread-safety sees Mutex and SpinLock only, and judges only what is said to be guarded. So nobody
takes a mutex of the standard library, and each lock is named by at least one annotation in its file.
Exits 1 with one line a violation.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

COMMENT = re.compile(r"//[^\n]*")
STANDARD = re.compile(
    r"\bstd::((?:\w+_)?mutex|condition_variable\w*|lock_guard|unique_lock|scoped_lock|shared_lock)\b")
# A member or a variable, not a reference to one.
LOCK = re.compile(r"^\s*(?:mutable |static )*(?:Mutex|SpinLock) (\w+);", re.MULTILINE)
ANNOTATION = re.compile(r"\bBALANCE_(?:PT_)?(?:GUARDED_BY|REQUIRES)\((\w+)\)")

# File -> why it uses those of the standard library.
STANDARD_ALLOWED = {
    "clients/core/mutex.h": "this is where they get their annotations",
    "service/observe/logging.cc": "spdlog's sinks take the type of their mutex as a parameter",
}
# File and lock -> why nothing can be said to be guarded by it.
UNNAMED_ALLOWED = {
    ("clients/core/topic.h", "making"): "it guards a step, not data: only one thread makes the subscribers",
}


def problems_of(name, text):
    for number, line in enumerate(text.split("\n"), 1):
        match = STANDARD.search(line)
        if match and name not in STANDARD_ALLOWED:
            yield f"{name}:{number}: std::{match.group(1)}; use Mutex or ConditionVariable of clients/core/mutex.h"
    named = set(ANNOTATION.findall(text))
    for match in LOCK.finditer(text):
        if match.group(1) not in named and (name, match.group(1)) not in UNNAMED_ALLOWED:
            yield f"{name}: nothing is annotated as guarded by {match.group(1)}"


def main():
    problems = []
    locks = 0
    for top in ("clients", "service", "tests"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            text = COMMENT.sub("", path.read_text("utf-8"))
            locks += len(LOCK.findall(text))
            problems.extend(problems_of(str(path.relative_to(ROOT)), text))
    print("\n".join(problems) or f"{locks} locks are annotated")
    return 1 if problems or not locks else 0


if __name__ == "__main__":
    sys.exit(main())
