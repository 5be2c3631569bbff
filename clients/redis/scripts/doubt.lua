-- Notes for all replicas, those that come later too, that the clock of this Redis was set back.
--
-- KEYS 1 note of the clock
-- ARGV 1 deadline, 2 run id of this Redis, 3 the latest time that its clock may have shown before,
--      4 for how long a value may lie here, in milliseconds
local till = tonumber(ARGV[3])
if till > doubtful_till(KEYS[1], ARGV[2]) then
  redis.call('HSET', KEYS[1], 'run', ARGV[2], 'until', text(till))
  local left = math.max(0, math.ceil((till - now) / 1000))
  redis.call('PEXPIRE', KEYS[1], text(left + tonumber(ARGV[4])))
end
return answer('NOTED')
