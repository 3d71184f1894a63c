-- Replaces the value of a field of a hash, unless the field has changed since it was read.
-- was: '' for a field that did not exist. becomes: '' deletes the field.
local hash = KEYS[1]
local field, was, becomes = ARGV[1], ARGV[2], ARGV[3]

if (redis.call('HGET', hash, field) or '') ~= was then return 0 end
if becomes == '' then redis.call('HDEL', hash, field) else redis.call('HSET', hash, field, becomes) end
return 1
