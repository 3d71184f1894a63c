-- Sets a flag on a running job. Each stage reads it before it begins.
local record = KEYS[1]

if redis.call('HGET', record, 'status') ~= 'running' then return 0 end
return redis.call('HSET', record, 'cancel', 1)
