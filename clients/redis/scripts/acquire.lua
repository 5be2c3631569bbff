-- Gives what is known of a login, or leave to ask its upstream once.
--
-- KEYS 1 reading, 2 lease, 3 bucket, 4 pause, 5 hold-off of the secret
-- ARGV 1 deadline, 2 run id of this Redis, 3 least observe time wanted, 4 greatest age wanted,
--      5 least observe time of a failure to be told, 6 length of the lease, 7 owner,
--      8 interval and 9 tolerance of the bucket, 10 least time between two requests, 11 whether a
--      request may be sent (1), 12 time to live of the bucket in milliseconds, 13 no request before
-- All other times are microseconds on the clock of this Redis. Whether something is still valid is told by
-- the times kept in it, never by its time to live: within a script the clock moves, expiry does not.
-- What was written at a later time than now is not valid either: the clock was set back since.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now > tonumber(ARGV[1]) then return {'LATE', now} end

local function text(number) return string.format('%.0f', number) end
local function is_valid(since, till)
  return since and till and tonumber(since) <= now and now < tonumber(till)
end

local known = redis.call('HMGET', KEYS[1], 'observed', 'value', 'failed', 'failure')
local observed = tonumber(known[1] or nil)
if observed and observed > now then observed = nil end
local wanted = math.max(tonumber(ARGV[3]), now - tonumber(ARGV[4]))
if observed and observed >= wanted then return {'READING', now, observed, known[2]} end
local failed = tonumber(known[3] or nil)
if failed and failed <= now and failed >= tonumber(ARGV[5]) and failed > (observed or 0) then
  return {'FAILED', now, failed, known[4]}
end

local held
for place = 4, 5 do
  local hold = redis.call('HMGET', KEYS[place], 'since', 'until', 'why')
  if is_valid(hold[1], hold[2]) and (not held or tonumber(hold[2]) > held[3]) then
    held = {'HELD_OFF', now, tonumber(hold[2]), place == 4 and 'PAUSE' or 'HOLD_OFF', hold[3] or ''}
  end
end
if held then return held end

local lease = redis.call('HMGET', KEYS[2], 'since', 'until', 'owner')
if is_valid(lease[1], lease[2]) and lease[3] ~= ARGV[7] then
  return {'BUSY', now, tonumber(lease[2]), lease[3]}
end

-- The bucket is a generic cell rate algorithm: `next` is when the next request would be exactly in
-- time, and one may come `tolerance` earlier. `at` is when the bucket was last written: when it
-- began or when the latest request was granted. One that is missing, or not of this Redis, or of the
-- future, starts empty now. One of other settings was empty at `at`, which no vain ask moves: else
-- replicas with different settings would put each other off for ever. Nothing is granted ahead of
-- time: a bucket that is lost has then given out nothing that is still to be sent.
local bucket = redis.call('HMGET', KEYS[3], 'run', 'at', 'interval', 'tolerance', 'next', 'sent',
  'slow', 'slow_since', 'slow_until')
local interval, tolerance = tonumber(ARGV[8]), tonumber(ARGV[9])
local is_kept = bucket[1] == ARGV[2] and tonumber(bucket[2]) <= now
local at = is_kept and tonumber(bucket[2]) or now
local next_at = is_kept and tonumber(bucket[5]) or 0
local sent = is_kept and tonumber(bucket[6]) or 0
if not is_kept or bucket[3] ~= ARGV[8] or bucket[4] ~= ARGV[9] then
  next_at = math.max(next_at, at + interval + tolerance)
end
local step = interval
local send_at = math.max(now, next_at - tolerance, sent + tonumber(ARGV[10]), tonumber(ARGV[13]))
if is_valid(bucket[8], bucket[9]) then
  local slow = tonumber(bucket[7])
  step = math.max(step, slow)
  send_at = math.max(send_at, sent + slow)
end
local is_granted = send_at <= now and ARGV[11] == '1'
if is_granted then
  next_at = math.max(now, next_at) + step
  sent = now
end
if is_granted or not is_kept then
  redis.call('HSET', KEYS[3], 'run', ARGV[2], 'at', text(now), 'interval', ARGV[8],
    'tolerance', ARGV[9], 'next', text(next_at), 'sent', text(sent))
  redis.call('PEXPIRE', KEYS[3], ARGV[12])
end
if not is_granted then return {'LATER', now, send_at, next_at} end

local token = text(now) .. ':' .. ARGV[7]
local till = now + tonumber(ARGV[6])
redis.call('HSET', KEYS[2], 'since', text(now), 'until', text(till), 'owner', ARGV[7],
  'token', token)
redis.call('PEXPIRE', KEYS[2], text(math.ceil((till - now) / 1000) + 1000))
return {'GRANTED', now, now, till, token, next_at}
