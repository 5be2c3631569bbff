"""Holds that a venue is its folder: no other product code names one, or tells one from another.

Outside the venues' own folders below clients/, a source may neither write a venue's name, in any
spelling, nor one of the environment variables that its venue.cc names, nor depend on the number of
a kind. The list of venues, service/server/venues.cmake, is all that names them. Schemas, tests and
texts may.

Run from anywhere; exits 1 with one line a violation.
"""

import pathlib
import re
import sys

from venue_list import ROOT, listed

# Switches and comparisons over kinds, kinds by number, and what tells the type of a login.
KINDS = re.compile(r"case SourceKind|SourceKind(?:\{|\()\s*\d|v1::SourceKind::|\bkKind\b"
                   r"|(?:std::get|std::get_if|std::holds_alternative)<\w*Login\b|dynamic_cast<[^>]*Venue")
VARIABLE = re.compile(r'\.\w*variable = "([A-Z0-9_]+)"')


def names_of(venue):
    """Regular expressions of what names the venue: its words joined by anything, and the first of
    them by itself if it is long enough to mean nothing else."""
    words = venue.split("_")
    yield "[ _-]?".join(words)
    if len(words[0]) >= 6:
        yield words[0]
    text = (ROOT / "clients" / venue / "venue.cc").read_text(encoding="utf-8")
    yield from VARIABLE.findall(text)


def sources(venues):
    own = tuple(f"clients/{venue}/" for venue in venues)
    for top in ("clients", "service"):
        for path in sorted((ROOT / top).rglob("*")):
            name = str(path.relative_to(ROOT))
            if path.suffix in (".h", ".cc", ".in") and not name.startswith(own):
                yield name, path.read_text(encoding="utf-8")


def violations(text, names):
    for pattern, what in ((names, "names a venue"), (KINDS, "tells venues from one another")):
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, f"{what}: {match.group(0)}"


def main():
    venues = listed()
    names = re.compile("|".join(sorted({name for venue in venues for name in names_of(venue)})), re.IGNORECASE)
    problems = []
    count = 0
    for path, text in sources(venues):
        count += 1
        problems += [f"{path}:{line}: {what}" for line, what in violations(text, names)]
    # Each check must be able to fail.
    assert list(violations("// Polymarket US\ncase SourceKind::kOne:", names)), "the patterns find nothing"
    print("\n".join(problems) or f"{count} files name none of {', '.join(venues)}")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main())
