-- Removes a job from the account of its owner. KEYS after the second are its sets of unfinished jobs; see account.lua.
local kept, sizes = KEYS[1], KEYS[2]
local job_id = ARGV[1]

for i = 3, #KEYS do redis.call('ZREM', KEYS[i], job_id) end
keep_bytes(kept, sizes, job_id, 0, 0)
return 1
