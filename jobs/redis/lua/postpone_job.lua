-- Counts a job as stalled only from a later time on. Returns how often this happened since a stage last began.
local record, active = KEYS[1], KEYS[2]
local job_id, stalled_at = ARGV[1], ARGV[2]

if redis.call('ZADD', active, 'XX', 'CH', stalled_at, job_id) == 0 and not redis.call('ZSCORE', active, job_id) then
  return 0
end
return redis.call('HINCRBY', record, 'postponed', 1)
