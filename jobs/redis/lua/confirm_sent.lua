-- Notes that a job was sent. Returns 1, or 0 if the job is not there any more.
local record = KEYS[1]

redis.call('HDEL', record, 'unsent')
return redis.call('EXISTS', record)
