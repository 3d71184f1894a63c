-- Records the progress of a running stage. ARGV: pairs of a service's index and its progress.
-- Returns 1 if the job still needs the stage, 0 if it is over or canceled.
local record = KEYS[1]

local status, cancel = unpack(redis.call('HMGET', record, 'status', 'cancel'))
if status ~= 'running' then return 0 end
for i = 1, #ARGV, 2 do redis.call('HSET', record, 'service:' .. ARGV[i], ARGV[i + 1]) end
return cancel and 0 or 1
