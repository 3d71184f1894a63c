-- Records the outcome of an attempt to deliver a message. All times are those of this server.
-- record: of the job or batch. webhook: gone once the data of the job or batch are deleted, or the delivery is over.
-- error: '' for none. attempted: '1' if the message was sent. again_in_s: '' if the delivery is over.
local record, webhook, due = KEYS[1], KEYS[2], KEYS[3]
local subject, status, error, attempted, again_in_s = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

if redis.call('EXISTS', webhook, record) < 2 then
  redis.call('ZREM', due, subject)
  if redis.call('HGET', record, 'webhook_status') == 'pending' then
    redis.call('HSET', record, 'webhook_status', 'expired')
    redis.call('HDEL', record, 'webhook_next_at')
  end
  return 0
end
redis.call('HSET', record, 'webhook_status', status)
if attempted == '1' then redis.call('HINCRBY', record, 'webhook_attempts', 1) end
redis.call('HDEL', record, 'webhook_error')
if error ~= '' then redis.call('HSET', record, 'webhook_error', error) end
if again_in_s == '' then
  redis.call('DEL', webhook)
  redis.call('ZREM', due, subject)
  redis.call('HDEL', record, 'webhook_next_at')
else
  local time = redis.call('TIME')
  local next_at = time[1] + time[2] / 1000000 + again_in_s
  redis.call('HSET', record, 'webhook_next_at', next_at)
  redis.call('ZADD', due, next_at, subject)
end
return 1
