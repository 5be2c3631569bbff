#!/usr/bin/env bash
# Redis 7.0.15-1~deb12u10 (Debian 12): within a script time passes and keys do not expire.
#
# A script may ask for the time (TIME) and for what is left of a key (PTTL), and may do so more than
# once. Both answer by the clock: the time moves on, and what is left becomes less and then 0. A key
# whose time is over is gone for every command (GET, EXISTS, SET ... NX), so one would guess that a
# script which sees "0 ms left" and then asks for the key finds nothing, or can set it anew.
#
# Instead expiry looks at the time at which the script began, TIME and PTTL at the present one: the
# key is still read, still exists, and SET NX is refused, for as long as the script runs.
#
# Output seen:
#   in the script: PTTL 0, GET v, EXISTS 1, SET NX refused
#   behind it:     EXISTS 0
#
# Why it matters here: replicas share a lease and a rate budget by scripts that decide on Redis's
# clock. One that compares TIME or PTTL with whether a key is there decides by two clocks. Ours keep
# the times in the values, and decide by those.
set -euo pipefail

dir=$(mktemp -d)
server=
stop() {
  if [[ -n $server ]]; then kill "$server" 2>/dev/null && wait "$server" || true; fi
  rm -rf "$dir"
}
trap stop EXIT
cd "$dir"
version=5:7.0.15-1~deb12u10
apt-get -qq -o APT::Sandbox::User=root download "redis-tools=$version" >/dev/null
dpkg -x ./*.deb root
# The package has one program, which serves if it is called so; its libraries come with redis-tools
# of ./dev test.
ln -s redis-check-rdb root/usr/bin/redis-server
root/usr/bin/redis-server --port 0 --unixsocket "$dir/socket" --save '' --logfile "$dir/log" &
server=$!
ask() { root/usr/bin/redis-cli -s "$dir/socket" "$@"; }
for ((i = 0; i < 200; ++i)); do
  if ask ping >/dev/null 2>&1; then break; fi
  sleep 0.05
done

# Sets a key for 20 ms and waits for 40 ms of Redis's own time.
seen=$(ask --eval /dev/stdin key <<'LUA'
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
redis.call('SET', KEYS[1], 'v', 'PX', 20)
local begun = now()
while now() - begun < 40000 do end
local set = redis.call('SET', KEYS[1], 'w', 'NX')
local value = redis.call('GET', KEYS[1]) or 'nothing'
return string.format('PTTL %d, GET %s, EXISTS %d, SET NX %s', redis.call('PTTL', KEYS[1]), value,
  redis.call('EXISTS', KEYS[1]), set and 'done' or 'refused')
LUA
)
echo "in the script: $seen"
after=$(ask exists key)
echo "behind it:     EXISTS $after"
[[ $seen == "PTTL 0, GET v, EXISTS 1, SET NX refused" && $after == 0 ]]
