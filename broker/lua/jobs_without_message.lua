-- Answers which of some jobs have no message: neither in the queues nor among the messages that workers have taken.
-- KEYS: the queues, then of each worker the hash of the messages that it has taken.
-- ARGV: the number of queues, then the ids of the jobs.
local PAGE = 500
local queues = tonumber(ARGV[1])
local missing, count = {}, #ARGV - 1
for i = 2, #ARGV do missing[ARGV[i]] = true end

-- What `celery inspect` shows of the arguments: the id of the job and the index of its stage.
local function look_at(message)
  local job_id = string.match(message, '"argsrepr": ?"%(([^,"]+), %d+%)"')
  if job_id and missing[job_id] then
    missing[job_id] = nil
    count = count - 1
  end
end

for i = queues + 1, #KEYS do
  for _, message in ipairs(redis.call('HVALS', KEYS[i])) do look_at(message) end
end
for i = 1, queues do
  -- From the end: there are the messages that wait longest.
  local last = redis.call('LLEN', KEYS[i]) - 1
  while last >= 0 and count > 0 do
    for _, message in ipairs(redis.call('LRANGE', KEYS[i], math.max(last - PAGE + 1, 0), last)) do look_at(message) end
    last = last - PAGE
  end
end
local found = {}
for job_id in pairs(missing) do found[#found + 1] = job_id end
return found
