"""h2spec, which nobody here wrote, judges the HTTP/2 of service/transport."""

import contextlib
import select
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path
from xml.etree import ElementTree

import external_tools
from conformance_server import ConformanceServer
from harness import LONG_RUN_SECONDS

H2SPEC = external_tools.require("h2spec") / "h2spec"
EXPECTED_CASES = 145

FORGOTTEN = ("streams that are closed are forgotten, as nothing bounds their number, and what still"
             " comes on them is ignored: RFC 9113 section 5.1 demands no more")
NO_PRIORITIES = ("RFC 7540's priorities are withdrawn (SETTINGS_NO_RFC7540_PRIORITIES), and frames"
                 " about them are ignored unread, as RFC 9113 section 5.3.2 allows")
# Cases that must fail, and why that is right: section/number as h2spec counts them.
IDLE_RESETS = ("gRPC's core resets calls that it has not begun, on a busy machine: IdleResetFilter leaves such "
               "frames out, as other calls would pay for them")
CHOICES = {
    "http2/3.5/2": "who speaks no HTTP/2 is told so in HTTP/1.1 before the connection is closed",
    "http2/4.2/1": "a stream's window is 1 KiB at first (RequestRoom), and h2spec heeds no window",
    "http2/5.1/2": IDLE_RESETS,
    "http2/5.1/8": FORGOTTEN,
    "http2/5.1/9": FORGOTTEN,
    "http2/5.1/11": FORGOTTEN,
    "http2/5.1/12": FORGOTTEN,
    "http2/5.1.1/2": FORGOTTEN + "; a smaller identifier than the last may be of such a stream",
    "http2/5.3.1/2": NO_PRIORITIES,
    "http2/6.3/1": NO_PRIORITIES,
    "http2/6.4/2": IDLE_RESETS,
}


class Relay:
    """Passes bytes between h2spec and the server. What h2spec writes in one go arrives in one go:
    else the answer to the first frame may win the race against the frame that is the point of a
    case, and the stream is closed by then."""

    def __init__(self, port: int, pause_seconds: float):
        self._target = ("127.0.0.1", port)
        self._pause = pause_seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @staticmethod
    def _start(function, *arguments) -> threading.Thread:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        thread.start()
        return thread

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._start(self._relay, self._listener.accept()[0])

    def _relay(self, judge: socket.socket) -> None:
        with judge, socket.create_connection(self._target) as server:
            back = self._start(self._pass_on, server, judge, 0)
            self._pass_on(judge, server, self._pause)
            back.join()

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket, pause: float) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                while select.select([source], [], [], pause)[0]:
                    more = source.recv(65536)
                    if not more:
                        break
                    data += more
                sink.sendall(data)
        # Whoever hung up, the other is to see it.
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


class H2specTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cls.server = ConformanceServer(cls.folder)
        stack.callback(cls.server.program.kill)
        stack.callback(cls.server.program.stop)

    def judge(self, *cases: str, pause_seconds: float = 0.01, timeout_seconds: int = 1):
        """The cases that were tried, and what h2spec says of those that failed."""
        report = self.folder / "report.xml"
        relay = Relay(self.server.port, pause_seconds)
        try:
            result = subprocess.run(
                [H2SPEC, "-h", "127.0.0.1", "-p", str(relay.port), "-o", str(timeout_seconds),
                 "-j", report, *cases],
                text=True, capture_output=True, stdin=subprocess.DEVNULL,
                timeout=LONG_RUN_SECONDS)
        finally:
            relay.close()
        tried, failed = [], {}
        for suite in ElementTree.parse(report).iter("testsuite"):
            for number, case in enumerate(suite.iter("testcase"), 1):
                name = f"{case.get('package')}/{number}"
                tried.append(name)
                words = [part for tag in ("failure", "error") for part in case.iter(tag)]
                if words:
                    failed[name] = f"{case.get('classname')}: {' '.join(words[0].itertext())}"
        self.assertIn(result.returncode, (0, 1), result.stderr)
        return tried, failed

    def test_what_fails_was_chosen(self):
        tried, failed = self.judge()
        # A machine that is busy is no fault: these are asked again, one by one and with patience.
        for name in sorted(failed.keys() ^ CHOICES.keys()):
            alone, again = self.judge(name, pause_seconds=0.2, timeout_seconds=10)
            self.assertEqual(len(alone), 1, name)
            failed.pop(name, None)
            failed |= {name: words for words in again.values()}

        print(f"h2spec: {len(tried) - len(failed)} of {len(tried)} passed, by choice not:")
        for name, why in CHOICES.items():
            print(f"  {name}: {why}")
        self.assertEqual(len(tried), EXPECTED_CASES)
        self.assertEqual(sorted(failed), sorted(CHOICES), failed)


if __name__ == "__main__":
    unittest.main(verbosity=2)
