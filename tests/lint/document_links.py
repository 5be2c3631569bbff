"""Checks each relative link of the documents, and whoever else names a heading of one, such as the
runbook_url of an alert: the file must be there, and so must the heading.

Run from anywhere; exits 1 with one line a link that leads nowhere.
"""

import pathlib
import re
import sys
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^( *)(```|~~~).*?^ *\2[ \t]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)")
HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t#]*$", re.MULTILINE)
EXPLICIT = re.compile(r"<a (?:id|name)=\"([^\"]+)\">")
# A heading that is named in a file which is no document, by the document's path from the root.
NAMED = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)*[\w-]+\.md)#([\w-]+)")
# In an address the path comes behind the name of a branch.
BRANCH = re.compile(r"/(?:blob|tree)/[\w.-]+/")
OTHER_SOURCES = (".yaml", ".yml", ".json", ".cc", ".h", ".proto", ".py")
SKIPPED = re.compile(r"^(\.|build|node_modules$)")


def files(folder: pathlib.Path):
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or SKIPPED.match(path.name):
            continue
        if path.is_dir():
            yield from files(path)
        else:
            yield path


def anchor(heading: str) -> str:
    """As GitHub makes it of a heading's text."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    kept = (c for c in text if c in "-_ " or unicodedata.category(c)[0] in "LN")
    return "".join(kept).replace(" ", "-")


def anchors(path: pathlib.Path) -> set[str]:
    text = FENCE.sub("", path.read_text("utf-8"))
    found: dict[str, int] = {}
    names = set(EXPLICIT.findall(text))
    for heading in HEADING.findall(text):
        name = anchor(heading)
        count = found[name] = found.get(name, -1) + 1
        names.add(f"{name}-{count}" if count else name)
    return names


def problem(target: pathlib.Path, heading: str) -> str | None:
    if not target.exists():
        return "there is no such file"
    if ROOT not in [target, *target.parents]:
        return "that is outside of the repository"
    if heading and (target.suffix != ".md" or heading not in anchors(target)):
        return "there is no such heading"
    return None


def links_of(path: pathlib.Path):
    """The targets named in a file: as written, the file, the heading."""
    text = path.read_text("utf-8", "replace")
    if path.suffix == ".md":
        for link in LINK.findall(CODE.sub("``", FENCE.sub("", text))):
            if not re.match(r"[a-z][a-z+.-]*:", link):
                file, _, heading = link.partition("#")
                yield link, (path.parent / file).resolve() if file else path, heading
    elif path.suffix in OTHER_SOURCES:
        for file, heading in NAMED.findall(BRANCH.sub(" ", text)):
            yield f"{file}#{heading}", ROOT / re.sub(r"^(\.\./)+", "", file), heading


def main() -> int:
    wrong = 0
    for path in files(ROOT):
        for link, target, heading in links_of(path):
            if why := problem(target, heading):
                print(f"{path.relative_to(ROOT)}: {link}: {why}")
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
