#!/usr/bin/env bash
# Redis 7.0.15-1~deb12u10 (Debian 12): what an ACL refuses inside a script has another error code than
# outside.
#
# The first word of an error is its code, for programs: a client tells "this user may not" (NOPERM)
# from "this command is wrong" (ERR) by it, and retries neither. A command that the user may not run
# answers NOPERM, and one with a key that it may not touch as well. One would guess that the same holds
# for the same command, by the same user, in a script: EVAL hands the error of redis.call() on.
#
# Instead a command or a key that is refused there is a plain ERR, and looks like a fault of the script. The right to run EVAL itself is told by NOPERM again.
#
# Output seen:
#   command, outside:   NOPERM
#   command, in script: ERR
#   key, outside:       NOPERM
#   key, in script:     ERR
#   EVAL itself:        NOPERM
#
# Why it matters here: replicas share readings by scripts, as a user with few rights. A missing right
# has to be told to the operator in words that help, and must not be taken for a broken script.
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

ask acl setuser scripts on nopass '~mine:*' +eval +get >/dev/null
ask acl setuser plain on nopass '~mine:*' +get >/dev/null

# The code of the error that a command of `user` answers.
code() {
  local user=$1
  shift
  ask --user "$user" --no-auth-warning --pass any "$@" 2>&1 | head -n 1 | sed -E 's/^\(error\) //' |
    cut -d' ' -f1
}
seen=$(
  echo "command, outside:   $(code scripts set mine:a 1)"
  echo "command, in script: $(code scripts eval "return redis.call('SET', 'mine:a', 1)" 0)"
  echo "key, outside:       $(code scripts get other:a)"
  echo "key, in script:     $(code scripts eval "return redis.call('GET', 'other:a')" 0)"
  echo "EVAL itself:        $(code plain eval 'return 1' 0)"
)
echo "$seen"
[[ $seen == "command, outside:   NOPERM
command, in script: ERR
key, outside:       NOPERM
key, in script:     ERR
EVAL itself:        NOPERM" ]]
