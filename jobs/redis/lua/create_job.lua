-- Keeps a new job, unless another job has its idempotency key, or a term of its owner does not hold; see jobs/terms.py.
-- KEYS after the eighth: `sets` sets of unfinished jobs that count for most_jobs, one for the share if there is one, a
-- window for each limit, then the keys of the data of the job. ARGV after the sixteenth: of each limit the length of its
-- window in seconds and its photos, then the data.
-- binding: of the idempotency key; '' for none. unfinished, kept, sizes: of the account of its owner; see account.lua.
-- late_at: the deadline by the clock of this server, which all workers share; rounded up to whole seconds.
-- listed_at: the time under which lists have the job; '' for a job that is in no list.
-- most_jobs, most_bytes, share: '' for none. supposed: whether the set of the share is supposed to have `share` jobs.
-- A job with more photos than a limit waits for an empty window; the window after it is then shorter.
-- Returns {the binding, "id fingerprint", or '' for none; the term that does not hold, or 0; when it may hold, in
-- milliseconds; then of each limit what is left, and in how many milliseconds its window ends}. Terms: -1 for jobs, -2
-- for bytes, -3 for the share, else the index of a limit.
-- A call whose answer was lost comes again, or arrives late: a job that is there stays as it is.
local record, active, lists, binding = KEYS[1], KEYS[2], {KEYS[3], KEYS[4]}, KEYS[5]
local unfinished, kept, sizes = KEYS[6], KEYS[7], KEYS[8]
local job_id, spec, data_ttl_s, record_ttl_s = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local listed_at, stalled_at, oldest_listed_at, deadline_s = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local fingerprint, photos, sets, limits = ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local most_jobs, most_bytes, share, supposed = tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15]), ARGV[16]
local share_key = 9 + sets
local first_window = share_key + (share and 1 or 0)
local first_data, first_value = first_window + limits, 17 + 2 * limits

local bound = ''
if binding ~= '' then
  bound = redis.call('GET', binding) or (job_id .. ' ' .. fingerprint)
  if string.match(bound, '^%S+') ~= job_id then return {bound, 0, 0} end
end
if redis.call('EXISTS', record) == 1 then return {bound, 0, 0} end

local time, bytes = redis.call('TIME'), 0
local now_s, now = tonumber(time[1]), time[1] + time[2] / 1e6
for i = 0, #KEYS - first_data do bytes = bytes + #ARGV[first_value + i] end

-- Only reads: a full server refuses a script whose first write takes memory, and this job must be refused then.
local after_now, expired = string.format('(%.6f', now), {}
local broken, wait_s, windows = 0, 0, {}
if kept ~= '' then expired = redis.call('ZRANGEBYSCORE', kept, '-inf', now) end
if most_bytes then
  local total = tonumber(redis.call('HGET', sizes, 'total') or 0)
  for _, other in ipairs(expired) do total = total - tonumber(redis.call('HGET', sizes, other) or 0) end
  if total + bytes > most_bytes then
    local next_to_expire = redis.call('ZRANGEBYSCORE', kept, after_now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    broken, wait_s = -2, math.max(0, (next_to_expire[2] or now) - now)
  end
end
if most_jobs then
  local count = 0
  for i = 9, 8 + sets do count = count + redis.call('ZCOUNT', KEYS[i], after_now, '+inf') end
  if count >= most_jobs then broken, wait_s = -1, 1 end
end
for i = 1, limits do
  local length, amount = tonumber(ARGV[15 + 2 * i]), tonumber(ARGV[16 + 2 * i])
  local window = read_window(KEYS[first_window + i - 1], length, now)
  local room, needed = amount - window.used - window.before * window.left_s / length, math.min(photos, amount)
  if needed > room then
    -- Until so much of the window before is outside, or until so much of this window is, once it is the one before.
    local until_s = window.left_s - length * (amount - needed - window.used) / window.before
    if window.used + needed > amount then
      until_s = window.left_s + length * (1 - (amount - needed) / window.used)
    end
    if broken == 0 or until_s > wait_s then broken, wait_s = i, until_s end
  end
  window.room = room
  windows[i] = window
end
if broken == 0 and share then
  local used = redis.call('ZCOUNT', KEYS[share_key], after_now, '+inf') >= share
  if used ~= (supposed == '1') then broken = -3 end
end

if broken == 0 then
  local late_at = now_s + deadline_s + 1
  redis.call('HSET', record, 'spec', spec, 'status', 'queued', 'done', 0, 'late_at', late_at, 'unsent', 1)
  redis.call('EXPIRE', record, record_ttl_s)
  if binding ~= '' then redis.call('SET', binding, bound, 'EX', data_ttl_s) end
  for i = 0, #KEYS - first_data do
    redis.call('SET', KEYS[first_data + i], ARGV[first_value + i], 'EX', data_ttl_s)
  end
  if unfinished ~= '' then
    redis.call('ZREMRANGEBYSCORE', unfinished, '-inf', now)
    redis.call('ZADD', unfinished, now_s + data_ttl_s, job_id)
    for _, other in ipairs(expired) do keep_bytes(kept, sizes, other, 0, 0) end
    keep_bytes(kept, sizes, job_id, bytes, now_s + data_ttl_s)
  end
  redis.call('ZADD', active, stalled_at, job_id)
  for _, list in ipairs(lists) do
    if listed_at ~= '' then redis.call('ZADD', list, listed_at, job_id) end
    redis.call('ZREMRANGEBYSCORE', list, 0, oldest_listed_at)
  end
  for _, window in ipairs(windows) do
    window.room = window.room - photos
    take_photos(window, photos)
  end
end

local answer = {bound, broken, math.ceil(wait_s * 1000)}
for _, window in ipairs(windows) do
  table.insert(answer, math.max(0, math.floor(window.room)))
  table.insert(answer, math.ceil(window.left_s * 1000))
end
return answer
