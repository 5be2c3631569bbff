"""The venues that the service lists, by their folders below clients/."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def listed():
    text = (ROOT / "service/server/venues.cmake").read_text(encoding="utf-8")
    text = re.sub(r"#.*", "", text)
    return re.search(r"set\(BALANCE_VENUES\s+([^)]*)\)", text).group(1).split()
