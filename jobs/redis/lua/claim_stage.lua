-- Answers a worker that wants to run a stage: {outcome, spec, chunk, poisoned items}; see `ClaimOutcome`.
-- alone: '1' if the process of the worker runs no other stage until this one ends.
-- Fields of the record about the stage that runs: holder: the worker that has it; claim: the id of its claim;
-- suspect: an earlier holder died; trying: the item that the holder tries alone; poisoned: items that killed holders.
local record, active, chunk, live_workers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local job_id, stage, worker, claim_id, alone = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1'
local max_attempts, max_item_deaths, now, stalled_at = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8], ARGV[9]

local status, spec, done, late_at = unpack(redis.call('HMGET', record, 'status', 'spec', 'done', 'late_at'))
if status ~= 'queued' and status ~= 'running' then return {'over'} end
if redis.call('HEXISTS', record, 'cancel') == 1 then return {'canceled', spec} end
if tonumber(done) > tonumber(stage) then return {'done', spec} end
if late_at and tonumber(redis.call('TIME')[1]) >= tonumber(late_at) then return {'late', spec} end

local attempts_key = 'attempts:' .. stage
local claim, holder, suspect, trying, poisoned =
  unpack(redis.call('HMGET', record, 'claim', 'holder', 'suspect', 'trying', 'poisoned'))
-- First, since a full server refuses the first write of a script if that takes memory: jobs that end make room.
redis.call('HDEL', record, 'unsent')
-- A claim whose answer was lost comes again; it is one attempt.
if claim ~= claim_id then
  local died = holder and holder ~= worker
  if died and redis.call('ZSCORE', live_workers, holder) then return {'held', spec} end
  if (died or suspect) and not alone then return {'alone', spec} end
  if died and trying then
    local deaths = redis.call('HINCRBY', record, 'deaths:' .. stage .. ':' .. trying, 1)
    if deaths >= max_item_deaths then
      poisoned = (poisoned and poisoned .. ',' or '') .. trying
      redis.call('HSET', record, 'poisoned', poisoned)
    end
  elseif died or not holder then
    redis.call('HINCRBY', record, attempts_key, 1)
  end
  redis.call('HSET', record, 'holder', worker, 'claim', claim_id)
  if died then redis.call('HSET', record, 'suspect', 1) end
  if trying then redis.call('HDEL', record, 'trying') end
end
if tonumber(redis.call('HGET', record, attempts_key)) > max_attempts then return {'poisoned', spec} end
if status == 'queued' then redis.call('HSET', record, 'status', 'running', 'started_at', now) end
redis.call('ZADD', active, stalled_at, job_id)
return {'go', spec, redis.call('GET', chunk), poisoned or ''}
