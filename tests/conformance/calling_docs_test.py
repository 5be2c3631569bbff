"""What docs/calling.md quotes is in the programs that calling_test.py runs, and its table says what they
found out."""

import re
import unittest

from calling_clients import CLIENTS
from external_tools import CALLING_DIR
from harness import SOURCE_DIR

TEXT = (SOURCE_DIR / "docs/calling.md").read_text()
# A section is named as its library is, its folder as a program may be.
SECTIONS = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
QUOTE = re.compile(r"^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def folder_of_section(section: str):
    return CALLING_DIR / section.split("\n", 1)[0].replace("-", "_")


class CallingDocsTest(unittest.TestCase):

    def test_quotes_are_in_the_programs(self):
        quotes = 0
        for section in SECTIONS:
            folder = folder_of_section(section)
            if not folder.is_dir():
                self.assertEqual(QUOTE.findall(section), [], "a quote outside of a library's section")
                continue
            texts = [path.read_text() for path in folder.rglob("*") if path.is_file()]
            for quote in QUOTE.findall(section):
                quotes += 1
                self.assertTrue(any(quote in text for text in texts), f"not in {folder}:\n{quote}")
        self.assertGreater(quotes, len(CLIENTS))

    def test_each_library_has_a_section_and_its_row(self):
        sections = {folder_of_section(section).name for section in SECTIONS}
        rows = {row[0]: row for row in (
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in TEXT.splitlines() if re.match(r"\| \[\w", line))}
        self.assertEqual(len(rows), len(CLIENTS))
        for name, client in CLIENTS.items():
            self.assertIn(name, sections)
            title, facts = name.replace("_", "-"), client.facts
            waits = {"": "-", "DeadlineExceeded": "yes", "DEADLINE_EXCEEDED": "yes"}
            self.assertEqual(rows[f"[{title}](#{title})"][1:], [
                facts["version"],
                "yes" if facts["flaky"].upper() == "OK" else "no: recipe",
                "no" if facts["sick"].upper() == "OK" else "yes",
                waits[facts.get("closed_waiting", "")],
                f"`{facts['slow']}`"])

    def test_what_it_links_to_is_there(self):
        for target in re.findall(r"\]\((\.\./[^)#]+)\)", TEXT):
            self.assertTrue((SOURCE_DIR / "docs" / target).exists(), target)


if __name__ == "__main__":
    unittest.main(verbosity=2)
