#!/usr/bin/env bash
# @bufbuild/protobuf 2.17.0: a Timestamp becomes a Date that may lie after it.
#
# A google.protobuf.Timestamp has nanoseconds, a Date of JavaScript milliseconds: what is below them is
# lost. One would guess that it is cut off, as Java's Instant.toEpochMilli() and Python's
# Timestamp.ToMilliseconds() do, so that the Date is never later than what happened.
#
# timestampDate() and timestampMs() round to the nearest: from half a millisecond on the Date is the next
# one, up to half a millisecond in the future of the Timestamp, and .9995 s is the next second.
#
# Output seen:
#   31:14.123400000Z: protobuf-es 2026-11-21T07:31:14.123Z, protobuf (Python) 2026-11-21T07:31:14.123Z
#   31:14.123500000Z: protobuf-es 2026-11-21T07:31:14.124Z, protobuf (Python) 2026-11-21T07:31:14.123Z
#   31:14.999500000Z: protobuf-es 2026-11-21T07:31:15.000Z, protobuf (Python) 2026-11-21T07:31:14.999Z
#
# Why it matters here: "as of after my fill" is asked for by a time. A time that came from the service and
# went through a Date is, half of the time, later than the reading that it belongs to: the reading does
# not meet it, and the venue is asked again. Keep the Timestamp itself and send that.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private": true}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund --logs-max=0 @bufbuild/protobuf@2.17.0
python3 -m venv python
python/bin/pip install -q --disable-pip-version-check protobuf==7.36.2

cat >probe.mjs <<'JS'
import { fromJson } from "@bufbuild/protobuf";
import { timestampDate, TimestampSchema } from "@bufbuild/protobuf/wkt";

for (const text of process.argv.slice(2)) {
  console.log(timestampDate(fromJson(TimestampSchema, text)).toISOString());
}
JS
cat >probe.py <<'PY'
import subprocess

from google.protobuf.timestamp_pb2 import Timestamp

TEXTS = [f"2026-11-21T07:31:14.{nanos}Z" for nanos in ("123400000", "123500000", "999500000")]
dates = subprocess.run(["node", "probe.mjs", *TEXTS], check=True, capture_output=True, text=True,
                       timeout=30).stdout.split()
for text, date in zip(TEXTS, dates, strict=True):
    time, cut = Timestamp(), Timestamp()
    time.FromJsonString(text)
    cut.FromMilliseconds(time.ToMilliseconds())
    print(f"{text[14:]}: protobuf-es {date}, protobuf (Python) {cut.ToJsonString()}")
PY
timeout 60 python/bin/python probe.py | tee seen

cat >expected <<'TEXT'
31:14.123400000Z: protobuf-es 2026-11-21T07:31:14.123Z, protobuf (Python) 2026-11-21T07:31:14.123Z
31:14.123500000Z: protobuf-es 2026-11-21T07:31:14.124Z, protobuf (Python) 2026-11-21T07:31:14.123Z
31:14.999500000Z: protobuf-es 2026-11-21T07:31:15.000Z, protobuf (Python) 2026-11-21T07:31:14.999Z
TEXT
if ! diff expected seen; then
  echo "A Timestamp now becomes a Date otherwise." >&2
  exit 1
fi
