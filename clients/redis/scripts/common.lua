-- The beginning of every script. ARGV 1 is the deadline, on the clock of this Redis.
--
-- All times are microseconds on that clock. Whether something is still valid is told by the times kept in
-- it, never by its time to live: within a script the clock moves, expiry does not. What was written at a
-- later time than now is not valid either: the clock was set back since.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now > tonumber(ARGV[1]) then return {'LATE', now, 0} end

-- How many keys and fields were met that no script writes so. They count as missing: one login's bad data
-- must fail no script, for an error says that Redis is of no use to any login.
local foreign = 0

local function answer(...)
  local parts = {...}
  table.insert(parts, 2, now)
  table.insert(parts, 3, foreign)
  return parts
end

-- The text of a number, which Lua would shorten to 14 digits.
local function text(number) return string.format('%.0f', number) end

-- A stored time or length; nil if there is none. Larger ones Lua does not have exactly.
local function number(stored)
  if not stored then return nil end
  local read = tonumber(stored)
  if read and read >= 0 and read <= 9007199254740991 then return read end
  foreign = foreign + 1
  return nil
end

-- A stored text of `most` bytes at most; else an empty one.
local function short(stored, most)
  if not stored then return '' end
  if #stored <= most then return stored end
  foreign = foreign + 1
  return ''
end

-- Fields of a hash, false where there is none. A key of another type is deleted.
local function fields(key, ...)
  local stored = redis.pcall('HMGET', key, ...)
  if not stored.err then return stored end
  -- Any other error is one of Redis: raised again.
  if not string.find(stored.err, 'WRONGTYPE', 1, true) then redis.call('HMGET', key, ...) end
  redis.call('DEL', key)
  foreign = foreign + 1
  return {}
end

-- When a key that this Redis has written was written; nil if it was another Redis, whose clock tells
-- nothing here, or at a later time than now.
local function written_at(run, this_run, at)
  at = number(at)
  if run == this_run and at and at <= now then return at end
  return nil
end

-- The end of what lasts from `since` to `till`; nil if that is not now.
local function lasts_till(since, till)
  since, till = number(since), number(till)
  if since and till and since <= now and now < till then return till end
  return nil
end

-- The latest time that the clock of this Redis may have shown before it was set back, as a replica
-- has noted that was there; 0 if none has. What is of that time, or an earlier one, may be older than
-- it looks, and counts as missing.
local function doubtful_till(key, this_run)
  local noted = fields(key, 'run', 'until')
  return noted[1] == this_run and number(noted[2]) or 0
end

