"""Holds the one version, which CMakeLists.txt has, against what must repeat it: the latest release in
CHANGELOG.md, the tags of images in the manifests, and the commands in the documents.

Run from anywhere; exits 1 with one line a place that has another version.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = r"(\d+\.\d+\.\d+)"
PROJECT = re.compile(rf"^project\(.* VERSION {VERSION} ", re.MULTILINE)
RELEASE = re.compile(r"^## (.*)$", re.MULTILINE)
DATED = re.compile(rf"\[{VERSION}\] - \d{{4}}-\d\d-\d\d")
TAG = re.compile(rf"(?:balance-(?:service|sandbox):|\bnewTag: *\"?|--build-arg VERSION=){VERSION}")
FOLDERS = ("docs", "k8s")


def problems_of_changelog(version: str):
    headings = RELEASE.findall((ROOT / "CHANGELOG.md").read_text("utf-8"))
    if not headings or headings[0] != "[Unreleased]":
        yield "CHANGELOG.md: the first heading must be [Unreleased]"
    releases = [DATED.fullmatch(heading) for heading in headings[1:]]
    for heading, release in zip(headings[1:], releases):
        if not release:
            yield f"CHANGELOG.md: '{heading}' is not of the form [1.2.3] - 2026-01-31"
    numbers = [tuple(map(int, release[1].split("."))) for release in releases if release]
    if numbers != sorted(set(numbers), reverse=True):
        yield "CHANGELOG.md: releases must be in order, the latest first, each once"
    if not numbers or numbers[0] != tuple(map(int, version.split("."))):
        yield f"CHANGELOG.md: the latest release must be {version}, the version in CMakeLists.txt"


def problems_of_tags(version: str):
    found = 0
    documents = [ROOT / "README.md", *(path for folder in FOLDERS
                                       for path in sorted((ROOT / folder).rglob("*"))
                                       if path.suffix in (".md", ".yaml"))]
    for path in documents:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for tag in TAG.findall(line):
                found += 1
                if tag != version:
                    yield f"{path.relative_to(ROOT)}:{number}: {tag} instead of {version}"
    if not found:
        yield "no tag of an image was found: this lint looks for the wrong words"


def main() -> int:
    version = PROJECT.search((ROOT / "CMakeLists.txt").read_text("utf-8"))
    if not version:
        print("CMakeLists.txt: project() states no version")
        return 1
    problems = [*problems_of_changelog(version[1]), *problems_of_tags(version[1])]
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
