#!/usr/bin/env bash
# Redis 7.0.15 (Debian 12): a script's cjson writes a number with 14 digits, though the number holds more.
#
# Numbers of Lua in Redis are doubles, which hold each integer up to 2^53 (16 digits) exactly. An amount in
# millionths of a dollar is such an integer up to nine billion dollars. One would guess that a script
# which decodes such JSON, leaves the amount alone and encodes it again gives the same amount back: the
# value is exact in between, as a script that returns it as an integer shows.
#
# But cjson.encode() writes 14 significant digits, and beyond them an exponent: the last digits of an
# amount from 100 million dollars up are lost, without an error. So are those of a decimal number.
# JavaScript, whose numbers are the same doubles, writes all digits that it takes to read the value back.
#
# Output seen:
#   {"micros":14662654000012}: cjson {"micros":14662654000012}, as an integer 14662654000012
#   {"micros":146626540000123}: cjson {"micros":1.4662654000012e+14}, as an integer 146626540000123
#   {"micros":1466265400000123}: cjson {"micros":1.4662654000001e+15}, as an integer 1466265400000123
#   {"micros":"1466265400000123"}: cjson {"micros":"1466265400000123"}, as an integer 1466265400000123
#   Node: {"micros":1466265400000123}
#
# Why it matters here: a script that compares and sets a shared reading, and on the way puts a field into
# its JSON, changes money that it did not look at. Amounts are text there, or are not decoded at all.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -qq -o APT::Sandbox::User=root download redis-tools=5:7.0.15-1~deb12u10 \
  libatomic1 libjemalloc2 liblzf1 >/dev/null
for package in ./*.deb; do dpkg -x "$package" root; done
libraries=$(find "$dir/root" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
# The server is the program that also checks files, under its other name.
ln -s root/usr/bin/redis-check-rdb redis-server
LD_LIBRARY_PATH=$libraries ./redis-server --port 0 --unixsocket "$dir/socket" --save '' >log &
server=$!
trap 'kill "$server"; wait "$server"; rm -rf "$dir"' EXIT
redis() { LD_LIBRARY_PATH=$libraries timeout 10 root/usr/bin/redis-cli -s "$dir/socket" "$@"; }
for _ in $(seq 100); do
  [ "$(redis ping 2>&1)" = PONG ] && break
  sleep 0.1
done

for json in '{"micros":14662654000012}' '{"micros":146626540000123}' '{"micros":1466265400000123}' \
  '{"micros":"1466265400000123"}'; do
  again=$(redis EVAL 'return cjson.encode(cjson.decode(ARGV[1]))' 0 "$json")
  integer=$(redis EVAL 'return tonumber(cjson.decode(ARGV[1]).micros)' 0 "$json")
  echo "$json: cjson $again, as an integer $integer"
done | tee seen
node -e 'console.log("Node: " + JSON.stringify(JSON.parse(`{"micros":1466265400000123}`)))' | tee -a seen

cat >expected <<'TEXT'
{"micros":14662654000012}: cjson {"micros":14662654000012}, as an integer 14662654000012
{"micros":146626540000123}: cjson {"micros":1.4662654000012e+14}, as an integer 146626540000123
{"micros":1466265400000123}: cjson {"micros":1.4662654000001e+15}, as an integer 1466265400000123
{"micros":"1466265400000123"}: cjson {"micros":"1466265400000123"}, as an integer 1466265400000123
Node: {"micros":1466265400000123}
TEXT
if ! diff expected seen; then
  echo "cjson in Redis now writes numbers otherwise." >&2
  exit 1
fi
