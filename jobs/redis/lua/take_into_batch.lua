-- Records that the intake of a batch makes progress, and what it took in.
-- silent_since: a batch without a progress report since then has failed. time_field: of the record, set to the time.
-- grows: 'jobs' or 'refusals', the list that `entry` is appended to; '' for neither.
-- body_digest: '' for none.
-- Returns 0 if the batch takes nothing more in. A call whose answer was lost comes again, and changes nothing then.
local record, jobs, refusals = KEYS[1], KEYS[2], KEYS[3]
local now, silent_since, record_ttl_s, refusals_ttl_s = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local time_field, grows, entry, body_digest = ARGV[5], ARGV[6], ARGV[7], ARGV[8]

local touched, sealed, canceled = unpack(redis.call('HMGET', record, 'touched_at', 'sealed_at', 'canceled_at'))
if sealed and time_field == 'sealed_at' and sealed == now then return 1 end
if not touched or sealed or canceled or tonumber(touched) < tonumber(silent_since) then return 0 end
redis.call('HSET', record, time_field, now)
if body_digest ~= '' then redis.call('HSET', record, 'body_digest', body_digest) end
if grows == 'jobs' and redis.call('LINDEX', jobs, -1) ~= entry then redis.call('RPUSH', jobs, entry) end
if grows == 'refusals' and redis.call('LINDEX', refusals, -1) ~= entry then
  redis.call('RPUSH', refusals, entry)
  redis.call('HINCRBY', record, 'refused', 1)
end
redis.call('EXPIRE', record, record_ttl_s)
redis.call('EXPIRE', jobs, record_ttl_s)
redis.call('EXPIRE', refusals, refusals_ttl_s)
return 1
