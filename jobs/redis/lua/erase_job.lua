-- Deletes the data of a job. KEYS after the fourth are the keys of the data.
-- tombstone_ttl_s: how long a record stays that says that the job was erased; '0' for no record.
local record, active, recent, finished = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local job_id, tombstone_ttl_s = ARGV[1], ARGV[2]

local status, spec = unpack(redis.call('HMGET', record, 'status', 'spec'))
if not status then return 0 end
redis.call('DEL', record, unpack(KEYS, 5))
redis.call('ZREM', active, job_id)
redis.call('ZREM', recent, job_id)
if tombstone_ttl_s ~= '0' then
  redis.call('HSET', record, 'status', 'erased', 'spec', spec, 'done', 0)
  redis.call('EXPIRE', record, tombstone_ttl_s)
end
if status == 'queued' or status == 'running' then
  redis.call('XADD', finished, 'MAXLEN', '~', 10000, '*', 'job', job_id)
end
return 1
