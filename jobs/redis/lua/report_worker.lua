-- Records that a worker is alive, and which workers are gone. All times are those of this server.
-- Returns the workers that are gone and not yet forgotten.
-- pause_s: if no worker reported for so long, the server did not answer, or its clock changed. Then workers count as
-- gone only after they had the same time again to report.
local reports, live, gone, judge_from = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local worker, report, silence_s, pause_s = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
-- First, since a full server refuses the first write of a script if that takes memory: it still needs its workers.
redis.call('SREM', gone, worker)
local latest = redis.call('ZREVRANGE', live, 0, 0, 'WITHSCORES')[2]
if latest and math.abs(now - latest) > pause_s then
  redis.call('SET', judge_from, now + pause_s, 'EX', math.ceil(pause_s))
end
redis.call('HSET', reports, worker, report)
redis.call('ZADD', live, now, worker)
if now >= tonumber(redis.call('GET', judge_from) or 0) then
  for _, silent in ipairs(redis.call('ZRANGEBYSCORE', live, '-inf', now - silence_s)) do
    redis.call('HDEL', reports, silent)
    redis.call('ZREM', live, silent)
    redis.call('SADD', gone, silent)
  end
end
return redis.call('SMEMBERS', gone)
