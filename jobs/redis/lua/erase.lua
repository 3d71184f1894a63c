-- Deletes a job, shared by several scripts. KEYS of such a script: the record of the job; the set of the jobs that are
-- not over; the lists of all jobs and of those of its owner; the stream of finished jobs; unfinished, kept and sizes of
-- the account of its owner, see account.lua; and those of its data. Its first argument is the id of the job.
-- tombstone_ttl_s: how long a record stays that says that the job was erased; '0' for no record.
-- Returns whether there was a job.
local function erase(tombstone_ttl_s)
  local record, active, recent, recent_of_owner, finished = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
  local unfinished, kept, sizes, job_id = KEYS[6], KEYS[7], KEYS[8], ARGV[1]
  local status, spec = unpack(redis.call('HMGET', record, 'status', 'spec'))
  if unfinished ~= '' then redis.call('ZREM', unfinished, job_id) end
  keep_bytes(kept, sizes, job_id, 0, 0)
  if not status then return false end
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
  return true
end

