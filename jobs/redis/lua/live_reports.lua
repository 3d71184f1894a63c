-- The reports of the workers that reported lately, by the clock of this server.
local reports, live = KEYS[1], KEYS[2]
local silence_s = tonumber(ARGV[1])

local seen = redis.call('ZRANGEBYSCORE', live, redis.call('TIME')[1] - silence_s, '+inf')
local found = {}
for _, worker in ipairs(seen) do
  local report = redis.call('HGET', reports, worker)
  if report then found[#found + 1] = report end
end
return found
