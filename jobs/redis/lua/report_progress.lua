-- Records the progress of a running stage. ARGV after the first: pairs of a service's index and its progress.
-- Returns 1 if the job still needs the stage, 0 if it is over or canceled, or if the claim is stale.
local record = KEYS[1]
local claim_id = ARGV[1]

local status, cancel, claim = unpack(redis.call('HMGET', record, 'status', 'cancel', 'claim'))
if status ~= 'running' or claim ~= claim_id then return 0 end
-- First, since a full server refuses the first write of a script if that takes memory: jobs that end make room.
redis.call('HDEL', record, 'unsent')
for i = 2, #ARGV, 2 do redis.call('HSET', record, 'service:' .. ARGV[i], ARGV[i + 1]) end
return cancel and 0 or 1
