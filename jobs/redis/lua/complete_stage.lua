-- Records that a stage has run. ARGV after the fourth: pairs of a service's index and its progress.
local record, active, chunk = KEYS[1], KEYS[2], KEYS[3]
local job_id, stages_done, stalled_at, chunk_text = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local status, done = unpack(redis.call('HMGET', record, 'status', 'done'))
if status ~= 'running' or tonumber(done) >= tonumber(stages_done) then return 0 end
redis.call('HSET', record, 'done', stages_done)
for i = 5, #ARGV, 2 do redis.call('HSET', record, 'service:' .. ARGV[i], ARGV[i + 1]) end
redis.call('SET', chunk, chunk_text, 'KEEPTTL')
redis.call('ZADD', active, stalled_at, job_id)
return 1
