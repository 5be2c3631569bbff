"""Counts the instructions of the paths that must stay cheap, and holds them against budgets.json.

    instruction_guard.py PROGRAM [--record]

PROGRAM is guarded_paths of a release build; valgrind's callgrind counts. A path fails that needs
more than its budget allows, and one that needs far less, so that a gain cannot be lost again
unnoticed. --record writes budgets.json anew: `./dev record-budgets`.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BUDGETS = Path(__file__).resolve().parent / "budgets.json"
MEASURED = "BalanceGuardMeasured"
# What CTest takes for "skipped" (SKIP_RETURN_CODE).
SKIPPED_EXIT_CODE = 77
# The C library has a memcpy for each kind of processor; this is the one that all have.
SAME_ON_EVERY_PROCESSOR = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM"}


def count(program: str) -> dict[str, int]:
    """Instructions per operation, by path."""
    with tempfile.TemporaryDirectory() as folder:
        counts_file = Path(folder) / "counts"
        result = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts_file}",
             "--combine-dumps=yes", "--collect-atstart=no", f"--toggle-collect={MEASURED}",
             f"--dump-after={MEASURED}", program],
            env=os.environ | SAME_ON_EVERY_PROCESSOR, text=True, capture_output=True,
            stdin=subprocess.DEVNULL)
        if result.returncode != 0:
            raise SystemExit(f"{program} failed under valgrind:\n{result.stderr}")
        paths = [line.split(" ", 1) for line in result.stdout.splitlines()]
        # One part a path, and a last one for the rest of the program.
        totals = [int(part) for part in re.findall(r"^totals: (\d+)$", counts_file.read_text(),
                                                   re.MULTILINE)]
    if not paths or len(totals) not in (len(paths), len(paths) + 1):
        raise SystemExit(f"{len(paths)} paths ran, valgrind wrote {len(totals)} counts")
    return {name: total // int(times) for (times, name), total in zip(paths, totals)}


def verdict(instructions: int, budget: int, above: float, below: float) -> str:
    """Why this count is no good; empty if it is."""
    if instructions > budget * (1 + above):
        return f"more than {above:.0%} over its budget: find out what it does now that it did not"
    if instructions < budget * (1 - below):
        return f"more than {below:.0%} below its budget: record what was gained"
    return ""


def check(counts: dict[str, int]) -> bool:
    recorded = json.loads(BUDGETS.read_text())
    budgets, tolerance = recorded["instructions"], recorded["tolerance"]
    failed = budgets.keys() != counts.keys()
    if failed:
        print(f"the paths are {sorted(counts)}, the budgets are for {sorted(budgets)}")
    for name in (name for name in counts if name in budgets):
        reason = verdict(counts[name], budgets[name], tolerance["above"], tolerance["below"])
        failed = failed or bool(reason)
        print(f"{'FAILED' if reason else 'ok':8}{counts[name] / budgets[name] - 1:+7.1%}"
              f"{counts[name]:12,} of {budgets[name]:12,}  {name}{': ' if reason else ''}{reason}")
    if failed:
        print("\nIf that is meant, `./dev record-budgets` writes tests/guard/budgets.json anew; "
              "say in the commit why.")
    return not failed


def record(counts: dict[str, int]) -> None:
    recorded = json.loads(BUDGETS.read_text())
    recorded["instructions"] = counts
    BUDGETS.write_text(json.dumps(recorded, indent=2) + "\n")
    print(f"recorded {len(counts)} budgets in {BUDGETS}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--record", action="store_true", help="write budgets.json")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("SKIPPED: there is no valgrind here")
        return SKIPPED_EXIT_CODE
    counts = count(options.program)
    if options.record:
        record(counts)
        return 0
    return 0 if check(counts) else 1


if __name__ == "__main__":
    sys.exit(main())
