-- Records that a stage has run. ARGV after the fifth: pairs of a service's index and its progress.
-- Returns 1 if the stage is recorded, also if it was already, since the answer was lost; 0 if the claim is stale.
local record, active, chunk = KEYS[1], KEYS[2], KEYS[3]
local job_id, stages_done, stalled_at, chunk_text, claim_id = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local status, done, claim = unpack(redis.call('HMGET', record, 'status', 'done', 'claim'))
if status ~= 'running' or claim ~= claim_id then return 0 end
if tonumber(done) >= tonumber(stages_done) then return 1 end
-- First, since a full server refuses the first write of a script if that takes memory: jobs that end make room.
redis.call('HDEL', record, 'holder', 'suspect', 'trying', 'poisoned')
redis.call('HSET', record, 'done', stages_done)
for i = 6, #ARGV, 2 do redis.call('HSET', record, 'service:' .. ARGV[i], ARGV[i + 1]) end
redis.call('SET', chunk, chunk_text, 'KEEPTTL')
redis.call('ZADD', active, stalled_at, job_id)
return 1
