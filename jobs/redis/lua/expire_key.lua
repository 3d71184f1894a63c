-- Removes the binding of an idempotency key after a time, if it is bound to this id.
local binding = KEYS[1]
local own_id, ttl_s = ARGV[1], ARGV[2]

local bound = redis.call('GET', binding)
if bound and string.sub(bound, 1, #own_id + 1) == own_id .. ' ' then redis.call('EXPIRE', binding, ttl_s) end
return 1
