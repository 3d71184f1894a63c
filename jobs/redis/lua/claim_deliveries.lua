-- Hands out the webhooks that are to be looked at now, as `job ID` or `batch ID`. All times are those of this server.
-- lease_s: a process that ends before it records the outcome loses them after so long, and another one gets them.
local due = KEYS[1]
local limit, lease_s = ARGV[1], ARGV[2]

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local claimed = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, limit)
for _, subject in ipairs(claimed) do redis.call('ZADD', due, now + lease_s, subject) end
return claimed
