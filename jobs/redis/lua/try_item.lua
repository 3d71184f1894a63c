-- Notes which item of a chunk its worker tries now. If the worker dies, the item gets the blame.
-- Returns 1 if the job still needs the stage, 0 if it is over or canceled, or if the claim is stale.
local record = KEYS[1]
local item, claim_id = ARGV[1], ARGV[2]

local status, cancel, claim = unpack(redis.call('HMGET', record, 'status', 'cancel', 'claim'))
if status ~= 'running' or claim ~= claim_id or cancel then return 0 end
-- First, since a full server refuses the first write of a script if that takes memory: jobs that end make room.
redis.call('HDEL', record, 'trying')
redis.call('HSET', record, 'trying', item)
return 1
