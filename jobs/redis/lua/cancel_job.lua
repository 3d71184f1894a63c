-- Sets a flag on a running job. Each stage reads it before it begins.
local record = KEYS[1]

if redis.call('HGET', record, 'status') ~= 'running' then return 0 end
-- First, since a full server refuses the first write of a script if that takes memory: jobs that end make room.
redis.call('HDEL', record, 'unsent')
return redis.call('HSET', record, 'cancel', 1)
