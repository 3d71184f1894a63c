-- Answers a worker that wants to run a stage: {outcome, spec, chunk}; see `ClaimOutcome`.
local record, active, chunk = KEYS[1], KEYS[2], KEYS[3]
local job_id, stage, max_attempts, now, stalled_at = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local status, spec, done = unpack(redis.call('HMGET', record, 'status', 'spec', 'done'))
if status ~= 'queued' and status ~= 'running' then return {'over'} end
if redis.call('HEXISTS', record, 'cancel') == 1 then return {'canceled', spec} end
if tonumber(done) > tonumber(stage) then return {'done', spec} end
local attempts = redis.call('HINCRBY', record, 'attempts:' .. stage, 1)
if attempts > tonumber(max_attempts) then return {'poisoned', spec} end
redis.call('HSET', record, 'status', 'running')
redis.call('HSETNX', record, 'started_at', now)
redis.call('HDEL', record, 'postponed')
redis.call('ZADD', active, stalled_at, job_id)
return {'go', spec, redis.call('GET', chunk)}
