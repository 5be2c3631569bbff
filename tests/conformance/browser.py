"""Debian's Chromium without a window, driven by the DevTools protocol through a pipe: no port, no
library."""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

from external_tools import SKIPPED_EXIT_CODE
from harness import DEADLINE_SECONDS, clean_environment, poll_until

PROGRAM = "chromium-headless-shell"
# File descriptors that Chromium reads commands from and writes messages to.
_COMMANDS, _MESSAGES = 3, 4
_FLAGS = ("--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
          "--disable-background-networking", "--disable-component-update", "--no-first-run",
          "--hide-scrollbars", "--force-color-profile=srgb", "--js-flags=--lite-mode")


def require() -> None:
    """Ends the test as skipped where the browser is not installed."""
    if shutil.which(PROGRAM) is None:
        print(f"SKIPPED: there is no {PROGRAM} here; ./dev install browser installs it")
        sys.exit(SKIPPED_EXIT_CODE)


class Browser:
    """A browser with a profile of its own in `folder`."""

    def __init__(self, folder: Path):
        self.log = folder / "browser.log"
        commands_out, self._commands = os.pipe()
        self._messages, messages_in = os.pipe()
        # The program gets them as 3 and 4, whatever numbers they have here.
        start = f'exec "$0" "$@" {_COMMANDS}<&{commands_out} {_MESSAGES}>&{messages_in}'
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                ["/bin/bash", "-c", start, PROGRAM, *_FLAGS, f"--user-data-dir={folder}/profile"],
                pass_fds=(commands_out, messages_in), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
                env=clean_environment() | {"HOME": str(folder)})
        os.close(commands_out)
        os.close(messages_in)
        self._numbers = itertools.count(1)
        self._buffer = b""
        self._answers: dict[int, dict] = {}
        self.events: list[dict] = []

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DEADLINE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        os.close(self._commands)
        os.close(self._messages)

    def call(self, method: str, session: str | None = None, **parameters) -> dict:
        """The result of a command."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        deadline = time.monotonic() + DEADLINE_SECONDS
        while number not in self._answers:
            self._receive(deadline, method)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def _receive(self, deadline: float, awaited: str) -> None:
        ready, _, _ = select.select([self._messages], [], [], max(0, deadline - time.monotonic()))
        piece = os.read(self._messages, 1 << 20) if ready else b""
        if not piece:
            raise AssertionError(f"{awaited}: no answer of the browser:\n{self.log.read_text()}")
        *messages, self._buffer = (self._buffer + piece).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self.events.append(message)


class Tab:
    """A page that is looked at. It notes what the browser complains of, and what it requests."""

    def __init__(self, browser: Browser, width: int = 1280, height: int = 900, dark: bool = False,
                 scripts: bool = True):
        self._browser = browser
        context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)
        self._session = browser.call("Target.attachToTarget", targetId=target["targetId"],
                                     flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)

    def call(self, method: str, **parameters) -> dict:
        return self._browser.call(method, self._session, **parameters)

    def open(self, url: str) -> None:
        loaded = len(self._events("Page.loadEventFired"))
        self.call("Page.navigate", url=url)
        self.wait_for(lambda: len(self._events("Page.loadEventFired")) > loaded,
                      f"{url} to be loaded")

    def evaluate(self, expression: str):
        """The value of a JavaScript expression in the page, which works without its scripts, too."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def text(self) -> str:
        return self.evaluate("document.body.innerText")

    def wait_for(self, condition: Callable[[], object], what: str):
        def look():
            self.call("Runtime.evaluate", expression="0")
            return condition()
        return poll_until(look, what)

    def screenshot(self, path: Path) -> None:
        """Of the whole page."""
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))

    def requested(self) -> list[str]:
        """Addresses of all that was requested."""
        return [event["request"]["url"] for event in self._events("Network.requestWillBeSent")]

    def complaints(self) -> list[str]:
        """What the browser's console shows, and what else it finds wrong with the page."""
        return [json.dumps(event) for kind in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown",
                                               "Log.entryAdded", "Audits.issueAdded")
                for event in self._events(kind)]

    def _events(self, method: str) -> list[dict]:
        return [event["params"] for event in self._browser.events
                if event["method"] == method and event.get("sessionId") == self._session]
