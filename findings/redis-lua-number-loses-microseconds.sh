#!/usr/bin/env bash
# Redis 7.0.15-1~deb12u10 (Debian 12): a Lua number that is exact as an argument loses
# digits as a text.
#
# TIME gives seconds and microseconds. Their sum, 16 digits in this century, is an integer that Lua's
# numbers (doubles) hold exactly, and redis.call('SET', key, number) writes all of its digits. So one
# would guess that the same number put together with a text, as for a unique token
# (now .. ':' .. owner), has them too.
#
# Instead Lua writes a number with 14 significant digits (%.14g) wherever it makes a text itself: with
# "..", tostring() and in table.concat(). Redis writes 17 where it makes an argument of it. Nothing
# fails: the token is 1.7900000001235e+15:owner, and the same for 100 microseconds.
#
# Output seen:
#   as an argument: 1790000000123456
#   put together:   1.7900000001235e+15
#
# Why it matters here: tokens of leases and times of a rate budget are microseconds. Two leases within
# 100 microseconds would have one token, and one holder would end the other's. Ours are written by
# string.format('%.0f', number).
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

number='1790000000 * 1000000 + 123456'
argument=$(ask eval "redis.call('SET', 'key', $number) return redis.call('GET', 'key')" 0)
together=$(ask eval "return ($number) .. ''" 0)
echo "as an argument: $argument"
echo "put together:   $together"
[[ $argument == 1790000000123456 && $together == 1.7900000001235e+15 ]]
