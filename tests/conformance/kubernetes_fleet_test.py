"""The Redis of production: what it is configured to be, and that a real one takes it."""

import os
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path, PurePosixPath

import source_facts
from harness import SOURCE_DIR, Program, clean_environment
from kubernetes import FOLDER, REDIS, mounts, needed_secrets, render
from network_rules import selects
from pod_files import FLEET_SECRETS, PodFiles, RedisFiles

COMPONENT = FOLDER / "components/fleet"
USERS = COMPONENT / "users.acl"


def redis_settings() -> dict[str, str]:
    text = render("overlays/prod").one(
        "ConfigMap", render("overlays/prod").redis_pod["volumes"][0]["configMap"]["name"])["data"][
            "redis.conf"]
    return dict(line.split(" ", 1) for line in text.splitlines()
                if line and not line.startswith("#"))


def mebibytes(quantity: str) -> int:
    for unit in ("Mi", "mb"):
        if quantity.endswith(unit):
            return int(quantity.removesuffix(unit))
    raise AssertionError(f"how many MiB are {quantity}?")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class FleetManifestsTest(unittest.TestCase):

    def setUp(self):
        self.manifests = render("overlays/prod")
        [self.container] = self.manifests.redis_pod["containers"]
        self.fleet = self.manifests.config["fleet"]

    def test_there_is_never_a_second_one(self):
        document = self.manifests.one("StatefulSet", REDIS)

        self.assertEqual(document["spec"]["replicas"], 1)
        self.assertFalse(any(scaler["spec"]["scaleTargetRef"]["name"] == REDIS
                             for scaler in self.manifests.all("HorizontalPodAutoscaler")))
        # Nor does anything keep it from being evicted.
        for budget in self.manifests.all("PodDisruptionBudget"):
            self.assertFalse(selects(budget["spec"]["selector"], self.manifests.redis_labels))

    def test_the_service_finds_it(self):
        service = self.manifests.one("Service", REDIS)
        [port] = service["spec"]["ports"]
        namespace = service["metadata"]["namespace"]

        self.assertEqual(self.fleet["redis"]["address"], f"{REDIS}.{namespace}.svc:{port['port']}")
        self.assertEqual(self.container["ports"],
                         [{"name": port["targetPort"], "containerPort": port["port"]}])
        self.assertEqual(redis_settings()["tls-port"], str(port["port"]))
        self.assertLessEqual(service["spec"]["selector"].items(),
                             self.manifests.redis_labels.items())
        self.assertEqual(self.manifests.redis["serviceName"], REDIS)
        self.assertEqual(self.manifests.redis["selector"]["matchLabels"],
                         self.manifests.redis_labels)

    def test_it_keeps_nothing_evicts_nothing_and_speaks_tls_alone(self):
        settings = redis_settings()

        self.assertEqual(settings["port"], "0")
        self.assertEqual((settings["save"], settings["appendonly"]), ('""', "no"))
        self.assertEqual(settings["maxmemory-policy"], "noeviction")
        limit = mebibytes(self.container["resources"]["limits"]["memory"])
        self.assertLessEqual(2 * mebibytes(settings["maxmemory"]), limit)
        self.assertIn("ca_file", self.fleet["redis"]["tls"])

    def test_probes_ask_whether_it_can_be_reached(self):
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            self.assertEqual(self.container[probe]["tcpSocket"], {"port": "redis"})

    def test_its_files_are_where_its_configuration_says(self):
        mounted = set()
        for mount, volume in mounts(self.container, self.manifests.redis_pod):
            self.assertTrue(mount["readOnly"])
            self.assertNotIn("subPath", mount)
            if "projected" in volume:
                self.assertEqual(volume["projected"]["defaultMode"], 0o440)
                mounted |= {str(PurePosixPath(mount["mountPath"]) / item["path"])
                            for source in volume["projected"]["sources"]
                            for item in source["secret"]["items"]}
        settings = redis_settings()

        self.assertEqual(mounted, {settings[name] for name in
                                   ("aclfile", "tls-cert-file", "tls-key-file")})

    def test_secrets_are_those_that_are_told_of(self):
        readme = (COMPONENT / "README.md").read_text()
        mounted = {secret["name"]: tuple(item["key"] for item in secret["items"])
                   for pod in self.manifests.pods for volume in pod["volumes"]
                   for secret in needed_secrets(volume)}

        for secret, keys in FLEET_SECRETS.items():
            self.assertEqual(mounted[secret], keys)
            self.assertIn(f"| `{secret}` | " + ", ".join(f"`{key}`" for key in keys), readme)

    def test_the_user_may_do_what_the_program_needs_and_no_more(self):
        off, user = USERS.read_text().splitlines()

        self.assertEqual(off, "user default off")
        self.assertEqual(user, f"user {self.fleet['redis']['username']} on #PASSWORD_SHA256"
                               f" resetchannels {source_facts.redis_acl()}")
        self.assertTrue(source_facts.redis_acl() in (SOURCE_DIR / "docs/operating.md").read_text(),
                        "docs/operating.md tells another rule")


class FleetRedisTest(unittest.TestCase):
    """redis-server with the files of the pod; only its port is another one, on loopback."""

    def setUp(self):
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if program is None:
            self.fail("redis-tools is not installed; run ./dev install test")
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.manifests = render("overlays/prod")
        (self.folder / "service").mkdir()
        self.service_files = PodFiles(self.manifests, self.folder / "service")
        self.files = RedisFiles(self.manifests, self.service_files, self.folder / "redis")
        # One program, which serves if it is called so.
        [name] = self.manifests.redis_pod["containers"][0]["command"]
        self.server = self.folder / name
        self.server.symlink_to(program)
        self.port = self.start()

    def start(self) -> int:
        for _ in range(10):
            port = free_port()
            config = self.folder / "redis.conf"
            text = self.files.config_text
            for old, new in ((f"tls-port {redis_settings()['tls-port']}", f"tls-port {port}"),
                             ("bind *", "bind 127.0.0.1")):
                self.assertIn(f"\n{old}\n", text)
                text = text.replace(f"\n{old}\n", f"\n{new}\n")
            config.write_text(text)
            redis = Program([self.server, config], self.folder / "redis.log", clean_environment())
            self.addCleanup(redis.kill)
            try:
                redis.wait_for(lambda: "Ready to accept connections" in redis.output(), "Redis")
                return port
            except AssertionError:
                # Another test may have been given the port in between.
                if "Address already in use" not in redis.output():
                    raise
        raise AssertionError("no port for Redis")

    def ask(self, *command: str, user: str | None = "balance") -> str:
        secrets = self.service_files.secrets["balance-fleet"]
        ca = self.folder / "redis-ca.crt"
        ca.write_text(secrets["redis-ca.crt"])
        login = [] if user is None else ["--user", user]
        environment = os.environ | ({} if user is None else
                                    {"REDISCLI_AUTH": secrets["redis-password"].strip()})
        [host, _] = self.manifests.config["fleet"]["redis"]["address"].split(":")
        return subprocess.run(
            ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), "--tls", "--cacert", ca, "--sni",
             host, *login, "--no-auth-warning", *command], text=True, capture_output=True,
            env=environment, timeout=30).stdout.strip()

    def test_the_user_of_the_service_is_let_in_and_nobody_else(self):
        self.assertEqual(self.ask("PING"), "PONG")
        self.assertIn("NOAUTH", self.ask("PING", user=None))
        self.assertIn("NOAUTH", self.ask("PING", user="default"))

    def test_what_is_not_needed_is_refused(self):
        self.assertEqual(self.ask("HSET", "bal:{x}:reading", "a", "1"), "1")
        for command in (("HSET", "other", "a", "1"), ("SET", "bal:{x}:y", "1"), ("KEYS", "*"),
                        ("FLUSHALL",), ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("CLIENT", "LIST"),
                        ("MONITOR",), ("SHUTDOWN",), ("PUBLISH", "other", "x"),
                        ("SUBSCRIBE", "other"), ("SCRIPT", "FLUSH"),
                        ("EVAL", "return redis.call('keys', '*')", "0")):
            with self.subTest(command):
                # In scripts it has other words, which newer versions changed.
                self.assertRegex(self.ask(*command),
                                 "NOPERM|can't run this command|ACL failure in script")

    def test_plaintext_finds_nothing(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(b"PING\r\n")
            try:
                answer = connection.recv(100)
            except ConnectionResetError:
                answer = b""

        self.assertNotIn(b"PONG", answer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
