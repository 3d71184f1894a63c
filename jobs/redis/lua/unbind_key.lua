-- Removes the binding of an idempotency key, if it is bound to this id.
local binding = KEYS[1]
local own_id = ARGV[1]

local bound = redis.call('GET', binding)
if bound and string.sub(bound, 1, #own_id + 1) == own_id .. ' ' then redis.call('DEL', binding) end
return 1
