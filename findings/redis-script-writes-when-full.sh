#!/usr/bin/env bash
# Redis 7.0.15-1~deb12u10 (Debian 12): a script that deletes a key which is not there may then write
# into a Redis that is full.
#
# With maxmemory and noeviction a full Redis refuses what needs memory: SET answers OOM, and so does a
# SET in a script. DEL needs none and is always allowed. One would guess that what a script may do
# depends on the command and on the memory, and that a DEL which deletes nothing changes neither.
#
# Instead the memory is looked at until the script has called its first command of the kind that
# writes: from then on everything is allowed, so that no script is left half done. It is the kind of the
# command that counts, not what it did. So "DEL if it is there, then SET" is refused, and "DEL, then
# SET" is not, whether there was anything to delete or not.
#
# Output seen:
#   SET:                                OOM
#   SET in a script:                    OOM
#   DEL of nothing, then SET in one:    OK
#   EXISTS of nothing, then SET in one: OOM
#
# Why it matters here: replicas share readings by scripts, and a Redis that is full has to count as
# away for what it refuses. A script that begins with a harmless DEL never hears of it, and goes on
# filling a Redis that its operator has bounded. Ours delete only what exists.
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

# Full from now on, whatever it holds.
ask config set maxmemory-policy noeviction >/dev/null
ask config set maxmemory 1 >/dev/null

# The first word of the answer.
answer() { ask "$@" 2>&1 | head -n 1 | sed -E 's/^\(error\) //' | cut -d' ' -f1; }
script() { answer eval "$1" 0; }
seen=$(
  echo "SET:                                $(answer set a 1)"
  echo "SET in a script:                    $(script "return redis.call('SET', 'a', 1)")"
  echo "DEL of nothing, then SET in one:    $(
    script "redis.call('DEL', 'none') return redis.call('SET', 'a', 1)"
  )"
  echo "EXISTS of nothing, then SET in one: $(
    script "redis.call('EXISTS', 'none') return redis.call('SET', 'a', 1)"
  )"
)
echo "$seen"
[[ $seen == "SET:                                OOM
SET in a script:                    OOM
DEL of nothing, then SET in one:    OK
EXISTS of nothing, then SET in one: OOM" ]]
