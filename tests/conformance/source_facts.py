"""What the manifests rely on, read from the sources, so that both change together."""

import re

from harness import SOURCE_DIR

_SOURCES = ("service/server/*.h", "service/server/*.cc", "service/observe/*.cc",
            "service/config/config.h")
_UNITS = {"seconds": 1.0, "milliseconds": 0.001}


def _sources() -> str:
    return "\n".join(path.read_text() for pattern in _SOURCES
                     for path in sorted(SOURCE_DIR.glob(pattern)))


def project_version() -> str:
    cmake = (SOURCE_DIR / "CMakeLists.txt").read_text()
    [version] = re.findall(r"^project\(\w+ VERSION (\S+)", cmake, re.MULTILINE)
    return version


def duration(constant: str) -> float:
    """A constant of the server or of ConfigDefaults, in seconds."""
    found = re.findall(rf"\b{constant}\s*=\s*(?:std::chrono::)?(seconds|milliseconds)\((\d+)\)",
                       _sources())
    if len(found) != 1:
        raise AssertionError(f"there are {len(found)} constants {constant} in {_SOURCES}; which one"
                             " do the manifests rely on now?")
    [(unit, number)] = found
    return float(number) * _UNITS[unit]


def number(constant: str) -> float:
    """A constant of ConfigDefaults that is a plain number."""
    [value] = re.findall(rf"\b{constant} = ([0-9.]+);", _sources())
    return float(value)


def redis_acl() -> str:
    """The rule that the service's user needs in Redis."""
    header = (SOURCE_DIR / "clients/redis/redis_fleet_store.h").read_text()
    [parts] = re.findall(r'kRedisAcl =\s*((?:"[^"]*"\s*)+);', header)
    return "".join(re.findall(r'"([^"]*)"', parts))


def admin_routes() -> set[str]:
    """The paths that the admin server answers."""
    return set(re.findall(r'Route\{"([^"]+)"', _sources()))
