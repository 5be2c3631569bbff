"""The configuration in k8s/base is one that the service accepts, with the secrets that the
Deployment mounts."""

import base64
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BIN_DIR, SOURCE_DIR, clean_environment

CONFIG = SOURCE_DIR / "k8s/base/config.yaml"
MOUNTED_FOLDER = "/etc/balance/desk-1"
SECRETS = {
    "polymarket-us-key-id": "6fd1a30c-8a0c-4a3e-9d3b-2a3a1c3a5b11",
    "polymarket-us-secret": base64.b64encode(bytes(range(32))).decode(),
    "polysimulator-key": "ps_live_" + "5" * 64,
}


class KubernetesConfigTest(unittest.TestCase):

    def test_the_service_accepts_it(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, secret in SECRETS.items():
            (folder / name).write_text(secret + "\n")
            (folder / name).chmod(0o440)
        config = folder / "config.yaml"
        config.write_text(CONFIG.read_text().replace(MOUNTED_FOLDER, str(folder)))

        result = subprocess.run([BIN_DIR / "balance-service", "--check-config", "--config", config],
                                text=True, capture_output=True, env=clean_environment())

        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
