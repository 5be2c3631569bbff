-- What one replica heard from an upstream about its limits counts for all.
--
-- KEYS 1 pause, 2 hold-off of the secret, 3 bucket
-- ARGV 1 deadline, 2 length of a pause, 3 its sealed reason, 4 length of a hold-off, 5 its sealed
--      reason, 6 whether the secret is good (1), 7 interval of requests that is asked for, 8 for how
--      long, 9 time to live of the bucket in milliseconds
-- Lengths and intervals are microseconds, 0 where there is none.

-- A longer one that holds already stays.
local function hold(key, length, why)
  if length <= 0 then return end
  local held = fields(key, 'since', 'until')
  local till = lasts_till(held[1], held[2])
  if till and till >= now + length then return end
  redis.call('HSET', key, 'since', text(now), 'until', text(now + length), 'why', why)
  redis.call('PEXPIRE', key, text(math.ceil(length / 1000) + 1000))
end

if ARGV[6] == '1' then redis.call('DEL', KEYS[2]) end
hold(KEYS[1], tonumber(ARGV[2]), ARGV[3])
hold(KEYS[2], tonumber(ARGV[4]), ARGV[5])

local slow, length = tonumber(ARGV[7]), tonumber(ARGV[8])
if length > 0 then
  local till = now + length
  local bucket = fields(KEYS[3], 'slow', 'slow_since', 'slow_until')
  local there, there_till = number(bucket[1]), lasts_till(bucket[2], bucket[3])
  -- A longer one stays until it ends, and is not lengthened by a shorter one.
  if there and there_till and there >= slow then
    till = there > slow and there_till or math.max(till, there_till)
    slow = there
  end
  redis.call('HSET', KEYS[3], 'slow', text(slow), 'slow_since', text(now), 'slow_until', text(till))
  redis.call('PEXPIRE', KEYS[3], math.max(tonumber(ARGV[9]), math.ceil((till - now) / 1000)))
end
return answer('HEARD')
