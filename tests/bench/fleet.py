"""What it costs and saves to share upstream readings through Redis: requests at the upstreams, cached
reads, readings that are stored and heard, how soon another replica knows, and a Redis that is frozen.

Prints Markdown. Start it with `./dev bench fleet`; README.md tells how to read it.
"""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from fleet_latency import measure_frozen, measure_hearing
from fleet_load import measure_many, measure_reads, measure_readings, measure_sharing
from report import print_table, write_charts

PARTS = {"reads": ("Cached reads", measure_reads), "sharing": ("Requests at the upstreams", measure_sharing),
         "hearing": ("From one replica to another", measure_hearing),
         "readings": ("What a reading costs", measure_readings), "many": ("Many logins", measure_many),
         "frozen": ("A frozen Redis", measure_frozen)}


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (%(default)s)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--read-seconds", type=float, default=1,
                        help="of each turn of cached reads (%(default)s)")
    parser.add_argument("--seconds", type=int, default=60,
                        help="for which requests at the upstreams are counted (%(default)s)")
    parser.add_argument("--replicas", type=int, default=8, help="of those (%(default)s)")
    parser.add_argument("--hearings", type=int, default=200,
                        help="readings that one replica hears from another (%(default)s)")
    parser.add_argument("--logins", type=int, default=10000, help="where there are many (%(default)s)")
    parser.add_argument("--many-seconds", type=float, default=60, help="for those (%(default)s)")
    parser.add_argument("--misses", type=int, default=20, help="of each turn with Redis frozen (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE",
                        help="write the results there too, for plot.py")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    # As Ctrl-C does: the way out stops what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cores = sorted(os.sched_getaffinity(0))
    found, charts = [], []
    for part in options.parts:
        title, measure = PARTS[part]
        print(f"### {title}\n")
        with tempfile.TemporaryDirectory() as folder:
            more_found, more_charts = measure(options, cores, Path(folder))
        found += more_found
        charts += more_charts
    print("### Targets\n")
    print_table(["what", "target", "measured", "met"],
                [[each.what, each.target, each.measured, "yes" if each.is_met else "**no**"]
                 for each in found])
    write_charts(options.json, charts)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
