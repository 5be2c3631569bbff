-- Keeps what a request to an upstream brought, if it is newer than what is there, tells the other
-- replicas, and ends the lease of the request.
--
-- KEYS 1 reading, 2 lease, 3 note of the clock
-- ARGV 1 deadline, 2 token of the lease or empty, 3 observe time, 4 READING or FAILURE,
--      5 sealed value, 6 time to live in milliseconds, 7 channel, 8 run id of this Redis; with
--      NOTHING as 4 the lease ends, and that is all

-- First, for the lease must not outlive the request even if what comes behind this is refused: a
-- Redis that is full refuses the first write of a script and, as no script ends halfway, no other.
if ARGV[2] ~= '' and fields(KEYS[2], 'token')[1] == ARGV[2] then redis.call('DEL', KEYS[2]) end

if ARGV[4] == 'NOTHING' then return answer('RELEASED') end

local observed = tonumber(ARGV[3])
if observed > now then return answer('AHEAD') end
local known = fields(KEYS[1], 'observed', 'failed', 'run', 'at')
local is_known = written_at(known[3], ARGV[8], known[4])
local doubtful = doubtful_till(KEYS[3], ARGV[8])
local function observe_time(stored)
  local time = is_known and number(stored) or 0
  return time > doubtful and time <= now and time or 0
end
local newest = observe_time(known[1])
if ARGV[4] == 'FAILURE' then newest = math.max(newest, observe_time(known[2])) end
if newest >= observed then return answer('OLDER') end

-- No write, so it goes where the next command may be refused.
redis.call('PUBLISH', ARGV[7], ARGV[5])
-- What another Redis observed must not pass for this one's. A key that is not there is not deleted: a
-- script that has written may fill a Redis that is full.
if not is_known and (known[1] or known[2]) then redis.call('DEL', KEYS[1]) end
local is_reading = ARGV[4] == 'READING'
redis.call('HSET', KEYS[1], 'run', ARGV[8], 'at', text(now), is_reading and 'observed' or 'failed',
  ARGV[3], is_reading and 'value' or 'failure', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return answer('KEPT')
