-- Gives what is known of a login, or leave to ask its upstream once.
--
-- KEYS 1 reading, 2 lease, 3 bucket, 4 pause, 5 hold-off of the secret, 6 note of the clock
-- ARGV 1 deadline, 2 run id of this Redis, 3 least observe time wanted, 4 greatest age wanted,
--      5 least observe time of a failure to be told, 6 length of the lease, 7 owner,
--      8 interval and 9 tolerance of the bucket, 10 least time between two requests, 11 whether a
--      request may be sent (1), 12 time to live of the bucket in milliseconds, 13 no request before,
--      14 most bytes of a value
local most = tonumber(ARGV[14])
local known = fields(KEYS[1], 'observed', 'value', 'failed', 'failure', 'run', 'at')
local is_known = written_at(known[5], ARGV[2], known[6])
local doubtful = doubtful_till(KEYS[6], ARGV[2])
local observed = number(known[1])
if not is_known or observed and (observed > now or observed <= doubtful) then observed = nil end
local wanted = math.max(tonumber(ARGV[3]), now - tonumber(ARGV[4]))
if observed and observed >= wanted then return answer('READING', observed, short(known[2], most)) end
local failed = number(known[3])
local least_failed = math.max(tonumber(ARGV[5]), doubtful + 1)
if is_known and failed and failed <= now and failed >= least_failed and failed > (observed or 0) then
  return answer('FAILED', failed, short(known[4], most))
end

local held_till, held_by, why
for place = 4, 5 do
  local hold = fields(KEYS[place], 'since', 'until', 'why')
  local till = lasts_till(hold[1], hold[2])
  if till and (not held_till or till > held_till) then
    held_till, held_by, why = till, place == 4 and 'PAUSE' or 'HOLD_OFF', short(hold[3], most)
  end
end
if held_till then return answer('HELD_OFF', held_till, held_by, why) end

local lease = fields(KEYS[2], 'since', 'until', 'owner')
local leased_till = lasts_till(lease[1], lease[2])
if leased_till and lease[3] ~= ARGV[7] then
  return answer('BUSY', leased_till, short(lease[3], most))
end

-- The bucket is a generic cell rate algorithm: `next` is when the next request would be exactly in
-- time, and one may come `tolerance` earlier. `at` is when the bucket was last written: when it
-- began or when the latest request was granted. One that is missing, or not of this Redis, or of the
-- future, starts empty now. One of other settings was empty at `at`, which no vain ask moves: else
-- replicas with different settings would put each other off for ever. Nothing is granted ahead of
-- time: a bucket that is lost has then given out nothing that is still to be sent.
local bucket = fields(KEYS[3], 'run', 'at', 'interval', 'tolerance', 'next', 'sent', 'slow',
  'slow_since', 'slow_until')
local interval, tolerance = tonumber(ARGV[8]), tonumber(ARGV[9])
local at, next_at, sent =
  written_at(bucket[1], ARGV[2], bucket[2]), number(bucket[5]), number(bucket[6])
local is_whole = bucket[2] and next_at and sent
if bucket[1] == ARGV[2] and not is_whole then foreign = foreign + 1 end
local is_kept = at and is_whole
if not is_kept then at, next_at, sent = now, 0, 0 end
if not is_kept or bucket[3] ~= ARGV[8] or bucket[4] ~= ARGV[9] then
  next_at = math.max(next_at, at + interval + tolerance)
end
local step = interval
local send_at = math.max(now, next_at - tolerance, sent + tonumber(ARGV[10]), tonumber(ARGV[13]))
local slow = number(bucket[7])
if slow and lasts_till(bucket[8], bucket[9]) then
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
if not is_granted then return answer('LATER', send_at, next_at) end

local token = text(now) .. ':' .. ARGV[7]
local till = now + tonumber(ARGV[6])
redis.call('HSET', KEYS[2], 'since', text(now), 'until', text(till), 'owner', ARGV[7],
  'token', token)
redis.call('PEXPIRE', KEYS[2], text(math.ceil((till - now) / 1000) + 1000))
return answer('GRANTED', now, till, token, next_at)
