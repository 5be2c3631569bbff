"""What it costs to be one of a fleet, and what it saves at the upstreams."""

import argparse
import statistics
import subprocess
import time
from pathlib import Path

from accounts import NO_AGING, StartedService, start_upstream, write_accounts
from h2load import H2load, Shape
from harness import BIN_DIR, clean_environment
from redis_store import Redis, fleet_yaml
from replicas import (LOGINS, SETTLE_SECONDS, Found, readers, share_fresh, start_replicas, watching,
                      without_redis)
from report import Bar, Chart, in_turns, print_table, ratios, spread
from servers import Servers, read_bytes

READS = Shape(16, 8)
# Of logins that few replicas share, and of many.
SHARED_TTL_SECONDS = 2
MANY_TTL_SECONDS = 10
MANY_REPLICAS = 4
LISTED_ACCOUNTS = 1000
# More than are watched, for what is measured is not the limit.
WATCHED = (", max_watchers: 100000, max_watchers_per_caller: 100000, max_watched_accounts: 100000000, "
           "max_watched_accounts_per_caller: 100000000")


def measure_reads(options: argparse.Namespace, cores: list[int],
                  folder: Path) -> tuple[list[Found], list[Chart]]:
    with Servers(folder, {cores[-1]}) as others, Servers(folder, {cores[0]}) as servers:
        redis, upstream = Redis(others, folder), start_upstream(others)
        services = {}
        for name, more in (("without", ""), ("with", fleet_yaml(folder, redis, MANY_REPLICAS))):
            config = write_accounts(folder, upstream, 1, NO_AGING, more=more)
            services[name] = start_replicas(servers, folder, config, 1, bool(more))[0].server
        size = min(len(read_bytes(server)) for server in services.values())
        h2load = H2load({cores[-1]}, size - 50, options.read_seconds)
        for server in services.values():
            h2load.throughput(server, READS)
        asked = redis.scripts(), upstream.requests()
        loads = {name: [] for name in services}
        for name in in_turns(list(services), options.rounds):
            loads[name].append(h2load.throughput(services[name], READS))
        commands = redis.scripts() - asked[0]
        if upstream.requests() != asked[1]:
            raise AssertionError("not all were hits")
    rates = {name: [load.rate for load in each] for name, each in loads.items()}
    cpu = {name: [load.cpu_microseconds for load in each] for name, each in loads.items()}
    rate_ratio, cpu_ratio = (ratios(each["with"], each["without"]) for each in (rates, cpu))
    print_table([f"cached reads, {READS}", "req/s", "CPU us/req"],
                [[f"{name} a fleet", spread(rates[name]), spread(cpu[name], 1)] for name in loads] +
                [["with / without", spread(rate_ratio, 3), spread(cpu_ratio, 3)]])
    ratio = statistics.median(rate_ratio)
    return [Found("cached read with `fleet` against without, req/s", "at least 0.98",
                  f"{spread(rate_ratio, 3)}; CPU {spread(cpu_ratio, 3)}", ratio >= 0.98),
            Found("Redis commands of these hits", "0", str(commands), commands == 0)], [
                Chart("CPU of a cached read, us",
                      {"": [Bar.of(f"{name} a fleet", cpu[name]) for name in cpu]})]


def measure_sharing(options: argparse.Namespace, cores: list[int],
                    folder: Path) -> tuple[list[Found], list[Chart]]:
    cache = f"{{ttl: {SHARED_TTL_SECONDS}s, min_refresh_interval: 0.25s}}"
    wanted = -(-options.seconds // SHARED_TTL_SECONDS)
    rows, counted, commands = [], {}, 0.0
    for replicas, is_fleet in ((1, False), (options.replicas, False), (options.replicas, True)):
        name = f"{replicas} replica{'s' * (replicas > 1)}, {'a fleet' if is_fleet else 'each by itself'}"
        home = folder / f"{replicas}-{is_fleet}"
        home.mkdir()
        with Servers(home, set(cores)) as servers:
            redis, upstream = Redis(servers, home), start_upstream(servers)
            config = write_accounts(home, upstream, 1, cache,
                                    more=fleet_yaml(home, redis, replicas) if is_fleet else "")
            services = start_replicas(servers, home, config, replicas, is_fleet)
            with readers(services, options.seconds, cores):
                before = upstream.requests(), redis.scripts(), redis.cpu_seconds()
                time.sleep(options.seconds)
                counted[name] = [b - a for a, b in zip(before[0], upstream.requests())]
                scripts, redis_cpu = redis.scripts() - before[1], redis.cpu_seconds() - before[2]
        rows.append([name, *map(str, counted[name]), f"{scripts}", f"{1e3 * redis_cpu / options.seconds:.1f}"])
        commands = scripts / LOGINS / wanted
    print_table([f"1,000 readers of each, {options.seconds} s, TTL {SHARED_TTL_SECONDS} s",
                 "requests at the one upstream", "at the other", "operations on Redis", "its CPU, ms/s"],
                rows)
    alone, fleet = list(counted.values())[1:]
    return [
        Found(f"upstream requests of {options.replicas} replicas, 1,000 readers each, "
              f"{options.seconds} s", f"{wanted} +-1 a login",
              f"{fleet[0]} and {fleet[1]}; without a fleet {alone[0]} and {alone[1]}",
              all(abs(each - wanted) <= 1 for each in fleet)),
        Found("Redis commands a login and TTL, whole fleet", f"at most {2 + options.replicas}",
              f"{commands:.1f}", commands <= 2 + options.replicas)], [
                  Chart("Requests at both upstreams",
                        {"": [Bar.of(name, [sum(each)]) for name, each in counted.items()]})]


def read_anew(service: StartedService) -> None:
    result = subprocess.run(
        [BIN_DIR / "balancectl", "list", "--server", service.server.address, "--timeout", "60s",
         "--page-size", "500", "--max-age", "0s", "--output", "json"],
        text=True, capture_output=True, timeout=90, env=clean_environment())
    if result.returncode != 0:
        raise AssertionError(f"not every account could be read:\n{result.stderr}")


def measure_readings(options: argparse.Namespace, cores: list[int],
                     folder: Path) -> tuple[list[Found], list[Chart]]:
    readings = LISTED_ACCOUNTS * LOGINS
    cpu = {name: [] for name in ("alone", "stored", "heard", "redis")}
    cache = "{ttl: 86400s, max_stale: 86400s, min_refresh_interval: 0s}"
    with Servers(folder, {cores[-1]}) as others, Servers(folder, {cores[0]}) as servers:
        redis, upstream = Redis(others, folder), start_upstream(others)
        config = write_accounts(folder, upstream, LISTED_ACCOUNTS, cache)
        alone = start_replicas(servers, folder, config, 1, False)[0]
        config = write_accounts(folder, upstream, LISTED_ACCOUNTS, cache,
                                more=fleet_yaml(folder, redis, MANY_REPLICAS))
        one, other = start_replicas(servers, folder, config, 2)
        for service in (alone, one):
            read_anew(service)
        time.sleep(SETTLE_SECONDS)
        clocks = {"stored": one.server.exact_cpu_seconds, "heard": other.server.exact_cpu_seconds,
                  "redis": redis.cpu_seconds, "alone": alone.server.exact_cpu_seconds}
        for who in in_turns(["alone", "fleet"], options.rounds):
            begin = {name: clock() for name, clock in clocks.items()}
            requests = sum(upstream.requests())
            read_anew(alone if who == "alone" else one)
            time.sleep(0.2)
            if sum(upstream.requests()) - requests != readings:
                raise AssertionError("not every login was asked once")
            for name in ["alone"] if who == "alone" else ["stored", "heard", "redis"]:
                cpu[name].append(1e6 * (clocks[name]() - begin[name]) / readings)
    ratio = ratios(cpu["alone"], cpu["stored"])
    print_table([f"{readings:,} readings by List, CPU us a reading", ""],
                [["a service by itself", spread(cpu["alone"])],
                 ["the replica that reads, and stores them", spread(cpu["stored"])],
                 ["another one, which hears of them", spread(cpu["heard"])],
                 ["Redis, with two replicas", spread(cpu["redis"])],
                 ["readings a CPU second, with / without", spread(ratio, 2)]])
    return [Found("readings a CPU second of who reads, with `fleet` against without", "at least 0.8",
                  spread(ratio, 2), statistics.median(ratio) >= 0.8)], [
                      Chart("CPU of a reading, us", {"": [
                          Bar.of("by itself", cpu["alone"]), Bar.of("read and stored", cpu["stored"]),
                          Bar.of("heard", cpu["heard"]), Bar.of("at Redis", cpu["redis"])]})]


def measure_many(options: argparse.Namespace, cores: list[int],
                 folder: Path) -> tuple[list[Found], list[Chart]]:
    """Redis has the last core, with the upstream; the services have all."""
    accounts = options.logins // LOGINS
    cache = f"{{ttl: {MANY_TTL_SECONDS}s, max_stale: 60s}}"
    rates, rows, found = {}, [], []
    for replicas in (1, MANY_REPLICAS):
        is_fleet = replicas > 1
        home = folder / f"many-{replicas}"
        home.mkdir()
        with Servers(home, {cores[-1]}) as others:
            redis, upstream = Redis(others, home), start_upstream(others)
            empty = redis.used_bytes()
            config = write_accounts(home, upstream, accounts, cache, WATCHED,
                                    fleet_yaml(home, redis, replicas) if is_fleet else "")
            with Servers(home, set(cores), orderly=False) as servers:
                services = start_replicas(servers, home, config, replicas, is_fleet)
                with watching(services):
                    # The first reads, and some more, so that they spread.
                    time.sleep(2 * MANY_TTL_SECONDS)
                    begin = time.monotonic()
                    before = sum(upstream.requests()), redis.scripts(), redis.cpu_seconds(), [
                        service.server.exact_cpu_seconds() for service in services]
                    time.sleep(options.many_seconds)
                    took = time.monotonic() - begin
                    requests = sum(upstream.requests()) - before[0]
                    scripts, redis_cpu = redis.scripts() - before[1], redis.cpu_seconds() - before[2]
                    cpu = [service.server.exact_cpu_seconds() - first
                           for service, first in zip(services, before[3])]
                    resident = [service.server.resident_kib() / 1024 for service in services]
                    lost = sum(without_redis(service) for service in services) if is_fleet else 0
                    fresh = min(share_fresh(service) for service in services)
                    with_subscriptions = redis.used_bytes() - empty
            memory = (redis.used_bytes() - empty) / options.logins
        rates[replicas] = requests / took
        rows.append([f"{replicas} replica{'s' * is_fleet}", f"{requests / took:,.0f}",
                     spread((each / took for each in cpu), 2), f"{redis_cpu / took:.2f}",
                     f"{scripts / max(1, requests):.1f}", f"{lost:,.0f}", spread(resident),
                     f"{100 * fresh:.1f} %"])
        if is_fleet:
            found = [
                Found(f"{options.logins:,} logins, {replicas} replicas, one Redis",
                      "Redis at most half of one core", f"{redis_cpu / took:.2f} cores",
                      redis_cpu / took <= 0.5),
                Found("the same, refreshes a second against one service without", "at least 0.8, at most 1.2",
                      f"{rates[replicas] / rates[1]:.2f} ({rates[replicas]:,.0f} and {rates[1]:,.0f})",
                      0.8 * rates[1] <= rates[replicas] <= 1.2 * rates[1]),
                Found("the same, Redis commands a login and TTL", f"at most {2 + replicas}",
                      f"{scripts / requests:.1f} a request", scripts / requests <= 2 + replicas),
                Found("memory of Redis, a login", "about 1 KiB",
                      f"{memory:,.0f} bytes; with the subscriptions of {replicas} replicas "
                      f"{with_subscriptions / options.logins:,.0f}", 512 <= memory <= 1280)]
    print_table([f"{options.logins:,} logins watched at each, TTL {MANY_TTL_SECONDS} s", "requests / s",
                 "cores of each service", "cores of Redis", "Redis commands a request", "not done there",
                 "resident MiB of each", "FRESH, where least"], rows)
    return found, []
