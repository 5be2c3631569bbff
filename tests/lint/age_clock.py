"""Keeps clocks that stop in a suspend out of where ages and their timers live.

Ages run on BootClock, and so must every time that is compared with one. Other waits may use the
monotonic clock: each file that does is listed here with the reason. Exits 1 with one line a
violation.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

STOPS_IN_SUSPEND = re.compile(
    r"\b(steady_clock|high_resolution_clock|steady_timer|high_resolution_timer|CLOCK_MONOTONIC\w*)\b")
COMMENT = re.compile(r"//[^\n]*")

# File -> why a wait there does not have to count the time of a suspend.
ALLOWED = {
    "clients/http/curl_multi.h": "libcurl asks to be called back after a time of its own clock, the monotonic one",
    "clients/http/curl_multi.cc": "as its header",
    "clients/http/curl_transfer.h": "a signal that a transfer has ended; it never expires by itself",
    "clients/http/curl_transfer.cc": "as its header",
    "service/server/admin_page.cc": "a signal that a rendering has ended; it never expires by itself",
    "service/server/admin_server.cc": "patience with clients of the admin port, which a suspend only lengthens",
    "service/server/graceful_stop.cc": "patience with work of this process, which does none in a suspend",
    "service/server/stop_guard.h": "patience with work of this process, which does none in a suspend",
    "service/server/stop_guard.cc": "as its header",
    "service/server/file_watcher.cc": "looks at files again and again; a suspend only moves the next look",
}


def main():
    problems = []
    users = set()
    for top in ("clients", "service"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            name = str(path.relative_to(ROOT))
            text = COMMENT.sub("", path.read_text("utf-8"))
            for number, line in enumerate(text.split("\n"), 1):
                match = STOPS_IN_SUSPEND.search(line)
                if not match:
                    continue
                users.add(name)
                if name not in ALLOWED:
                    problems.append(f"{name}:{number}: {match.group(1)} stops in a suspend; use SteadyTime, "
                                    "BootClock or BootTimer of clients/core/boot_clock.h")
    problems.extend(f"{name}: uses no clock that stops in a suspend; take it out of {__file__}"
                    for name in sorted(set(ALLOWED) - users))
    print("\n".join(problems) or f"{len(users)} files wait by the monotonic clock, each for a reason")
    return 1 if problems or not users else 0


if __name__ == "__main__":
    sys.exit(main())
