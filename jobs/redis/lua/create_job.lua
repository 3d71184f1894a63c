-- Keeps a new job. KEYS after the third are the keys of its data, ARGV after the seventh their values.
-- listed_at: the time under which lists have the job; '' for a job that is in no list.
local record, active, recent = KEYS[1], KEYS[2], KEYS[3]
local job_id, spec, data_ttl_s, record_ttl_s = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local listed_at, stalled_at, oldest_listed_at = ARGV[5], ARGV[6], ARGV[7]

redis.call('HSET', record, 'spec', spec, 'status', 'queued', 'done', 0)
redis.call('EXPIRE', record, record_ttl_s)
for i = 4, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 4], 'EX', data_ttl_s) end
redis.call('ZADD', active, stalled_at, job_id)
if listed_at ~= '' then redis.call('ZADD', recent, listed_at, job_id) end
redis.call('ZREMRANGEBYSCORE', recent, 0, oldest_listed_at)
return 1
