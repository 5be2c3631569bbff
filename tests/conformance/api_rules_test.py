"""The .proto files keep buf's rules, and callers of the last release go on understanding the service.

The API of the last release is in api_rules/released. A release copies proto/balance/v1 there; nothing
else changes it.
"""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import external_tools
from harness import SOURCE_DIR

BUF = external_tools.require("api_rules") / "node_modules/@bufbuild/buf-linux-x64/bin/buf"
PROTO = SOURCE_DIR / "proto"
RELEASED = SOURCE_DIR / "tests/conformance/api_rules/released"
API = "balance/v1/balance_service.proto"
FIELD = "  repeated SourceBalance sources = "


class ApiRulesTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.present = Path(folder.name) / "present"
        shutil.copytree(PROTO, self.present)
        self.released = Path(folder.name) / "released"
        shutil.copytree(PROTO, self.released)
        shutil.copytree(RELEASED, self.released, dirs_exist_ok=True)

    def buf(self, *arguments: str | Path) -> tuple[int, str]:
        """Exit code and output."""
        result = subprocess.run([BUF, *arguments], cwd=self.present, text=True, timeout=60,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        return result.returncode, result.stdout

    def breaking(self) -> tuple[int, str]:
        return self.buf("breaking", "--against", self.released)

    def change(self, old: str, new: str) -> None:
        path = self.present / API
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def test_the_files_keep_the_rules(self):
        self.assertEqual(self.buf("lint"), (0, ""))

    def test_a_breach_is_seen(self):
        self.change(FIELD, FIELD.replace("sources", "Sources"))
        code, output = self.buf("lint")
        self.assertNotEqual(code, 0)
        self.assertIn('Field name "Sources" should be lower_snake_case', output)

    def test_callers_of_the_last_release_understand_this_one(self):
        self.assertEqual(self.breaking(), (0, ""))

    def test_another_number_breaks_callers(self):
        self.change(FIELD, FIELD + "9")
        code, output = self.breaking()
        self.assertNotEqual(code, 0)
        self.assertIn("AccountSnapshot", output)

    def test_another_name_breaks_callers_that_use_json(self):
        self.change(FIELD, FIELD.replace("sources", "all_sources"))
        code, output = self.breaking()
        self.assertNotEqual(code, 0)
        self.assertIn("all_sources", output)


if __name__ == "__main__":
    unittest.main(verbosity=2)
