-- Deletes the data of a job. KEYS after the eighth are the keys of the data.
-- unfinished, kept, sizes: of the account of its owner; see account.lua.
-- only_unsent: '1' to delete nothing of a job that was sent.
-- tombstone_ttl_s: how long a record stays that says that the job was erased; '0' for no record.
local record, active, recent, recent_of_owner, finished = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local unfinished, kept, sizes = KEYS[6], KEYS[7], KEYS[8]
local job_id, tombstone_ttl_s, only_unsent = ARGV[1], ARGV[2], ARGV[3] == '1'

local status, spec = unpack(redis.call('HMGET', record, 'status', 'spec'))
if only_unsent and redis.call('HEXISTS', record, 'unsent') == 0 then return 0 end
if unfinished ~= '' then redis.call('ZREM', unfinished, job_id) end
keep_bytes(kept, sizes, job_id, 0, 0)
if not status then return 0 end
redis.call('DEL', record, unpack(KEYS, 9))
redis.call('ZREM', active, job_id)
redis.call('ZREM', recent, job_id)
redis.call('ZREM', recent_of_owner, job_id)
if tombstone_ttl_s ~= '0' then
  redis.call('HSET', record, 'status', 'erased', 'spec', spec, 'done', 0)
  redis.call('EXPIRE', record, tombstone_ttl_s)
end
if status == 'queued' or status == 'running' then
  redis.call('XADD', finished, 'MAXLEN', '~', 10000, '*', 'job', job_id)
end
return 1
