"""What keeping many accounts fresh costs: refreshes a second and a CPU second, with one shard and with
two; memory and start-up by the number of accounts.

Prints Markdown. Start it with `./dev bench engine`; README.md tells how to read it.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from accounts import NO_AGING, Upstream, start_service, start_upstream, write_accounts
from harness import BIN_DIR, clean_environment
from report import Bar, Chart, in_turns, print_table, spread, write_charts
from servers import Servers

# With 10,000 accounts of two sources that is 5,000 refreshes a second.
TTL_SECONDS = 4


def run_engine(upstream: Upstream, *flags: str) -> dict:
    result = subprocess.run(
        [BIN_DIR / "refresh_bench", "--polymarket-url", upstream.polymarket_url,
         "--polysimulator-url", upstream.polysimulator_url, *flags],
        check=True, text=True, capture_output=True, timeout=300)
    values = json.loads(result.stdout)
    if values["failures"] > 0:
        raise AssertionError(f"refreshes failed: {values}")
    print(" ".join(flags), result.stdout.strip(), file=sys.stderr)
    return values


def measure_rates(options: argparse.Namespace, cores: list[int], upstream: Upstream) -> list[Chart]:
    """One shard has a core for itself; two have one each, and the upstream shares the second."""
    engine_core, other_core = cores[0], cores[-1]
    variants = {}
    for accounts in options.accounts:
        for shards, on in ((1, [engine_core]), (2, [engine_core, other_core])):
            name = f"{accounts} accounts, {shards} shard{'s' * (shards - 1)}"
            variants[name] = [f"--accounts={accounts}", f"--shards={shards}",
                              f"--seconds={options.seconds}", "--cores", *map(str, on)]
    found = {name: [] for name in variants}
    for name in in_turns(list(variants), options.rounds):
        found[name].append(run_engine(upstream, *variants[name]))
    rows = []
    for name, runs in found.items():
        rows.append([name, spread(run["refreshes_per_cpu_second"] for run in runs),
                     spread(run["refreshes_per_second"] for run in runs),
                     spread((run["cores_used"] for run in runs), 2)])
    print_table(["as many as it can", "refreshes / CPU s of the shards", "refreshes / s",
                 "cores used"], rows)
    return [Chart("Refreshes a CPU second of the shards' threads", {"": [
        Bar.of(name, [run["refreshes_per_cpu_second"] for run in runs])
        for name, runs in found.items()]})]


def measure_freshness(options: argparse.Namespace, cores: list[int], upstream: Upstream) -> None:
    accounts = max(options.accounts)
    # The reader is on the upstream's core: it is not the engine's work.
    runs = [run_engine(upstream, f"--accounts={accounts}", f"--ttl={TTL_SECONDS}",
                       f"--seconds={2 * TTL_SECONDS}", "--cores", *map(str, cores))
            for _ in range(options.rounds)]
    print_table(
        [f"{accounts} accounts read all the time, TTL {TTL_SECONDS} s", "refreshes / s",
         "cores used by the shard", "reads that found it FRESH"],
        [["one shard", spread(run["refreshes_per_second"] for run in runs),
          spread((run["cores_used"] for run in runs), 2),
          spread((100 * run["visits_fresh"] for run in runs), 1) + " %"]])


def measure_first_reads(options: argparse.Namespace, cores: list[int],
                        upstream: Upstream) -> None:
    """One shard, with as many accounts under way as it likes best, and with all of them."""
    accounts = max(options.accounts)
    rows = []
    for at_once in (32, accounts):
        runs = [run_engine(upstream, f"--accounts={accounts}", f"--at-once={at_once}", "--once",
                           "--cores", str(cores[0])) for _ in range(options.rounds)]
        rows.append([f"{at_once:,}", spread((run["first_cpu_us"] for run in runs), 1),
                     spread((run["first_seconds"] for run in runs), 2),
                     spread((run["again_cpu_us"] for run in runs), 1),
                     spread((run["again_seconds"] for run in runs), 2)])
    print_table([f"{accounts:,} accounts, read so many at once",
                 "never read before: CPU us of the shard / account", "s in all",
                 "max_age 0s: CPU us of the shard / account", "s in all"], rows)


def read_all(address: str) -> None:
    """Reads every account once, so that each has readings."""
    result = subprocess.run(
        [BIN_DIR / "balancectl", "list", "--server", address, "--timeout", "120s", "--page-size",
         "500", "--max-age", "3600s", "--output", "json"],
        text=True, capture_output=True, timeout=150, env=clean_environment())
    if result.returncode != 0:
        raise AssertionError(f"not every account could be read:\n{result.stderr}")


def measure_service(options: argparse.Namespace, cores: list[int], upstream: Upstream,
                    folder: Path) -> None:
    """Start-up and memory of the real program."""
    rows = []
    resident, first_reads = {}, {}
    for count in options.service_accounts:
        config = write_accounts(folder, upstream, count, NO_AGING)
        seconds, cpu = [], []
        for turn in range(options.rounds):
            with Servers(folder, set(cores)) as servers:
                service = start_service(servers, folder, config)
                seconds.append(service.seconds)
                cpu.append(service.cpu_seconds)
                if turn == 0:
                    before = service.server.cpu_seconds()
                    read_all(service.server.address)
                    first_reads[count] = service.server.cpu_seconds() - before
                    resident[count] = service.server.resident_kib()
        rows.append([str(count), spread((1000 * value for value in seconds)),
                     spread((1000 * value for value in cpu)),
                     f"{1e6 * first_reads[count] / count:.0f}", f"{resident[count] / 1024:.0f}"])
    print_table(["accounts with two sources", "start to SERVING, ms", "CPU until then, ms",
                 "CPU of all threads for first reads by List, us / account",
                 "resident when all are read, MiB"], rows)
    few, many = min(resident), max(resident)
    if few < many:
        print(f"Each account beyond {few}: {(resident[many] - resident[few]) / (many - few):.1f} "
              "KiB resident.\n")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (%(default)s)")
    parser.add_argument("--seconds", type=float, default=4, help="of each turn (%(default)s)")
    parser.add_argument("--accounts", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--service-accounts", type=int, nargs="+", default=[1000, 10000, 11000],
                        help="for start-up and memory")
    parser.add_argument("--json", type=Path, metavar="FILE",
                        help="write the results there too, for plot.py")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    # As Ctrl-C does: the way out stops what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Servers(folder, {cores[-1]}) as servers:
            upstream = start_upstream(servers)
            print("### Refresh engine\n")
            charts = measure_rates(options, cores, upstream)
            measure_freshness(options, cores, upstream)
            print("### First reads\n")
            measure_first_reads(options, cores, upstream)
            print("### Start-up and memory\n")
            measure_service(options, cores, upstream, folder)
    write_charts(options.json, charts)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
