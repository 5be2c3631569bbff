"""Holds .clang-tidy to its promise: each check of its groups that is off has its reason there.

A reason is a comment line that begins with the check's name and a colon. Exits 1 with one line a
violation.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

REASON = re.compile(r"^# ([a-z0-9.-]+): \S", re.MULTILINE)
DISABLED = re.compile(r"^  -([a-z][a-z0-9.-]+),?$", re.MULTILINE)


def main():
    text = (ROOT / ".clang-tidy").read_text("utf-8")
    settings = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    checks = re.search(r"^Checks: >\n((?:  .*\n)+)", settings, re.MULTILINE).group(1)
    disabled = set(DISABLED.findall(checks))
    explained = set(REASON.findall(text))
    problems = [f".clang-tidy: {check} is off without a reason" for check in sorted(disabled - explained)]
    problems += [f".clang-tidy: there is a reason for {check}, which is not off"
                 for check in sorted(explained - disabled)]
    if "\nWarningsAsErrors: '*'\n" not in settings:
        problems.append(".clang-tidy: not every finding is an error")
    print("\n".join(problems) or f"{len(disabled)} checks are off, each for a reason")
    return 1 if problems or not disabled else 0


if __name__ == "__main__":
    sys.exit(main())
