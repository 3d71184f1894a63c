-- The account of an owner, shared by several scripts: the jobs that are not over, and the bytes of all jobs.
-- unfinished: sorted set of a priority; kept: sorted set; both have the ids of jobs by the time until which they count.
-- sizes: hash of the bytes of each job, and of their sum, 'total'. For a job without an owner the names are ''.
local function keep_bytes(kept, sizes, job_id, bytes, until_s)
  if kept == '' then return end
  local before = tonumber(redis.call('HGET', sizes, job_id) or 0)
  if bytes > 0 then
    redis.call('ZADD', kept, until_s, job_id)
    redis.call('HSET', sizes, job_id, bytes)
  else
    redis.call('ZREM', kept, job_id)
    redis.call('HDEL', sizes, job_id)
  end
  if redis.call('HINCRBY', sizes, 'total', bytes - before) <= 0 then redis.call('DEL', sizes) end
end

