"""Usage: fetch_tools.py FOLDER

Fetches what the conformance tests borrow from others into FOLDER, without the network if it is
there already. Says what cannot be had and why; that is no failure.
"""

import sys
from pathlib import Path

from external_tools import TOOLS, ToolBox


def main() -> None:
    box = ToolBox(Path(sys.argv[1]).resolve())
    for tool in TOOLS.values():
        if not box.ensure(tool):
            print(f"SKIPPED: conformance tests that need {tool.name}: {box.why_not(tool)}")


if __name__ == "__main__":
    main()
