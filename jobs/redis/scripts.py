"""The steps of a job that must happen as one, as Lua: Redis runs a script without anything in between.

`KEYS` are the keys (see `keys.py`) that the comment of a script names, `ARGV` its other arguments.
"""

# KEYS: record, active, recent, the keys of the data... ARGV: job id, spec, seconds that the data stay, seconds that the
# record stays, time or '' to stand in no list, time at which the job counts as stalled, time before which jobs leave
# the list, the data...
CREATE = """
redis.call('HSET', KEYS[1], 'spec', ARGV[2], 'status', 'queued', 'done', 0)
redis.call('EXPIRE', KEYS[1], ARGV[4])
for i = 4, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 4], 'EX', ARGV[3]) end
redis.call('ZADD', KEYS[2], ARGV[6], ARGV[1])
if ARGV[5] ~= '' then redis.call('ZADD', KEYS[3], ARGV[5], ARGV[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[3], 0, ARGV[7])
return 1
"""

# KEYS: record, active, chunk. ARGV: job id, stage, most tries, time, time at which the job counts as stalled.
BEGIN = """
local status, spec, done = unpack(redis.call('HMGET', KEYS[1], 'status', 'spec', 'done'))
if status ~= 'queued' and status ~= 'running' then return {'over'} end
if redis.call('HEXISTS', KEYS[1], 'cancel') == 1 then return {'canceled', spec} end
if tonumber(done) > tonumber(ARGV[2]) then return {'done', spec} end
local tries = redis.call('HINCRBY', KEYS[1], 'tries:' .. ARGV[2], 1)
if tries > tonumber(ARGV[3]) then return {'poisoned', spec} end
redis.call('HSET', KEYS[1], 'status', 'running')
redis.call('HSETNX', KEYS[1], 'started_at', ARGV[4])
redis.call('HDEL', KEYS[1], 'postponed')
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
return {'go', spec, redis.call('GET', KEYS[3])}
"""

# KEYS: record. ARGV: pairs of place and progress...
NOTE = """
local status, cancel = unpack(redis.call('HMGET', KEYS[1], 'status', 'cancel'))
if status ~= 'running' then return 0 end
for i = 1, #ARGV, 2 do redis.call('HSET', KEYS[1], 'service:' .. ARGV[i], ARGV[i + 1]) end
return cancel and 0 or 1
"""

# KEYS: record, active, chunk. ARGV: job id, stages done, time at which the job counts as stalled, chunk,
# then pairs of place and progress...
END = """
local status, done = unpack(redis.call('HMGET', KEYS[1], 'status', 'done'))
if status ~= 'running' or tonumber(done) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'done', ARGV[2])
for i = 5, #ARGV, 2 do redis.call('HSET', KEYS[1], 'service:' .. ARGV[i], ARGV[i + 1]) end
redis.call('SET', KEYS[3], ARGV[4], 'KEEPTTL')
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""

# KEYS: record, active, finished, chunk, result, given, blobs... ARGV: job id, status, time, seconds that the data
# stay, seconds that the record stays, whether the images stay, result or '', failure or '',
# how many samples are dead, then pairs of place and progress...
FINISH = """
local status, cancel = unpack(redis.call('HMGET', KEYS[1], 'status', 'cancel'))
if status ~= 'queued' and status ~= 'running' then return 0 end
if cancel and ARGV[2] == 'succeeded' then ARGV[2], ARGV[7] = 'canceled', '' end
redis.call('HSET', KEYS[1], 'status', ARGV[2], 'finished_at', ARGV[3], 'expires_at', ARGV[3] + ARGV[4], 'dead', ARGV[9])
if ARGV[8] ~= '' then redis.call('HSET', KEYS[1], 'failure', ARGV[8]) end
for i = 10, #ARGV, 2 do redis.call('HSET', KEYS[1], 'service:' .. ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[6], ARGV[4])
redis.call('DEL', KEYS[4])
if ARGV[7] ~= '' then redis.call('SET', KEYS[5], ARGV[7], 'EX', ARGV[4]) end
for i = 7, #KEYS do
  if ARGV[6] == '1' then redis.call('EXPIRE', KEYS[i], ARGV[4]) else redis.call('DEL', KEYS[i]) end
end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'job', ARGV[1])
return 1
"""

# KEYS: record, active, recent, finished, the keys to delete... ARGV: job id, seconds that the tombstone stays, 0 for
# none.
ERASE = """
local status, spec = unpack(redis.call('HMGET', KEYS[1], 'status', 'spec'))
if not status then return 0 end
redis.call('DEL', KEYS[1], unpack(KEYS, 5))
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
if ARGV[2] ~= '0' then
  redis.call('HSET', KEYS[1], 'status', 'erased', 'spec', spec, 'done', 0)
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
if status == 'queued' or status == 'running' then
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'job', ARGV[1])
end
return 1
"""

# KEYS: record, active. ARGV: job id, time at which the job counts as stalled.
POSTPONE = """
if redis.call('ZADD', KEYS[2], 'XX', 'CH', ARGV[2], ARGV[1]) == 0 and not redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  return 0
end
return redis.call('HINCRBY', KEYS[1], 'postponed', 1)
"""

# KEYS: record. A flag that each stage reads before it begins.
CANCEL = """
if redis.call('HGET', KEYS[1], 'status') ~= 'running' then return 0 end
return redis.call('HSET', KEYS[1], 'cancel', 1)
"""
