"""Where mounts are not allowed, as in an ordinary container, the test of the image is skipped and
says why, before anything is installed or built."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

from external_tools import SKIPPED_EXIT_CODE

IMAGE_TEST = Path(__file__).with_name("image_test.py")
WITHOUT_MOUNTS = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]


class PlainContainerTest(unittest.TestCase):

    def test_the_image_test_is_skipped_with_its_reason(self):
        # Others than root have no such right to begin with.
        prefix = WITHOUT_MOUNTS if os.geteuid() == 0 else []

        result = subprocess.run([*prefix, sys.executable, IMAGE_TEST], text=True,
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=60)

        self.assertEqual(result.returncode, SKIPPED_EXIT_CODE, result)
        self.assertRegex(result.stdout, r"^SKIPPED: .*\w")


if __name__ == "__main__":
    unittest.main(verbosity=2)
