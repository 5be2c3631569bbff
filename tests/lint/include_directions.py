"""Holds every #include against the table of what a folder may know.

Run from anywhere; exits 1 with one line a violation.
"""

import pathlib
import re
import sys

from venue_list import listed

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Folder -> our own folders that it may include, itself aside. The longest matching folder counts.
OWN = {
    "clients/core": set(),
    "clients/http": {"clients/core"},
    "clients/json": {"clients/core"},
    "clients/venue": {"clients/core", "clients/http", "clients/json"},
    "clients/resilience": {"clients/core"},
    "clients/redis": {"clients/core", "clients/resilience"},
    "clients/push": {"clients/core", "clients/http", "clients/resilience", "clients/venue"},
    "clients/balancectl": {"proto", "clients/core"},
    "proto": set(),
    "service/access": {"clients/core"},
    "service/config": {"clients/core", "clients/http", "clients/redis", "clients/venue", "service/access",
                       "proto"},
    "service/feed": {"clients/core"},
    "service/snapshot": {"clients/core", "service/feed", "proto"},
    "service/transport": {"clients/core", "proto"},
    "service/grpc_engine": {"clients/core", "service/transport"},
    "service/rpc": {"clients/core", "service/access", "service/feed", "service/snapshot", "service/transport",
                    "proto"},
    "service/observe": {"clients/core", "clients/redis", "service/access", "service/feed", "service/snapshot", "service/rpc",
                        "service/transport", "proto"},
    "service/server": {"clients/core", "clients/http", "clients/push", "clients/redis", "clients/resilience",
                       "clients/venue",
                       "service/access", "service/config", "service/feed",
                       "service/grpc_engine", "service/observe", "service/rpc", "service/snapshot",
                       "service/transport", "proto"},
}

# A venue knows no other venue. Only the list of venues, which the build makes, knows them.
OWN.update({f"clients/{venue}": {"clients/core", "clients/http", "clients/json", "clients/venue"}
            for venue in listed()})

# Library -> the files that may see it, as regular expressions on their paths. Tests may see all.
LIBRARIES = {
    r"grpcpp/|grpc/(?!health/|reflection/)": [r"service/grpc_engine/", r"service/server/grpc_log\.cc",
                                                     r"clients/balancectl/"],
    # What gRPC keeps for itself, and its C API: an upgrade keeps neither.
    r"grpcpp/impl/|grpc/(grpc|grpc_security|byte_buffer|slice|slice_buffer)\.h|src/core/": [],
    # The inside of protobuf: one place writes a message by hand.
    r"google/protobuf/.*internal|google/protobuf/wire_format_lite": [r"service/rpc/snapshot_bytes\.cc"],
    r"absl/": [r"service/grpc_engine/", r"clients/balancectl/main\.cc"],
    r"google/protobuf/|google/rpc/|grpc/(health|reflection)/|balance/.*\.pb\.h": [
        r"proto/", r"service/(snapshot|rpc|server|transport)/", r"service/config/", r"clients/balancectl/",
        r"clients/redis/reading_codec\.cc"],
    r"curl/": [r"clients/http/curl_"],
    # Its reader and its formatter. Its sockets and its asynchronous layer are not used.
    r"hiredis/(hiredis|read)\.h": [r"clients/redis/(redis_command|reply_reader)\.cc"],
    r"hiredis/(?!(hiredis|read)\.h)": [],
    r"nlohmann/": [r"clients/json/", r"clients/[a-z_]+/(parse|classify|error)", r"clients/http/json",
                     r"service/observe/log_event\.cc"],
    r"yaml\.h": [r"service/config/yaml_"],
    r"sodium\.h": [r"clients/core/secret(_memory)?\.cc", r"clients/polymarket_us/",
                   r"clients/redis/(login_names|redis_command|seal)\.cc", r"service/(access|config)/",
                   r"service/rpc/page\.cc", r"service/server/(run_service|status_html)\.cc"],
    r"nghttp2/": [r"service/transport/"],
    r"openssl/": [r"service/transport/", r"clients/http/(beast_web_socket|connection_check|trust_store)\.",
                  r"clients/redis/byte_stream\.cc", r"service/config/(tls_material|x509_certificate)\.cc",
                  r"clients/balancectl/tls_check\.cc"],
    r"spdlog/": [r"service/(observe|server)/"],
    r"prometheus/": [r"service/observe/"],
    r"boost/beast/": [r"clients/core/beast\.cc", r"clients/http/beast_", r"service/server/admin_"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def folder_of(path):
    matches = [folder for folder in OWN if path.startswith(folder + "/")]
    return max(matches, key=len) if matches else None


def violations_of(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    here = folder_of(path)
    for match in INCLUDE.finditer(text):
        target = match.group(1) or match.group(2)
        there = folder_of(target) if match.group(1) else None
        if there and there != here and there not in OWN[here]:
            yield f"{path}: includes {target}, but {here} may not know {there}"
        for library, allowed in LIBRARIES.items():
            if re.match(library, target) and not any(re.match(a, path) for a in allowed):
                yield f"{path}: includes {target}, which {'only ' + ', '.join(allowed) if allowed else 'nobody'} may see"


def main():
    sources = [str(path.relative_to(ROOT))
               for top in ("clients", "service", "proto")
               for path in sorted((ROOT / top).rglob("*"))
               if path.suffix in (".h", ".cc")]
    unplaced = [path for path in sources if folder_of(path) is None]
    problems = [f"{path}: its folder is not in the table of {__file__}" for path in unplaced]
    for path in sources:
        if path not in unplaced:
            problems.extend(violations_of(path))
    print("\n".join(problems) or f"{len(sources)} files keep their include directions")
    return 1 if problems or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
