-- Reads a job and, if it is over, deletes it. KEYS: see erase.lua; those of the data begin with what came with the job
-- and its result.
-- Returns the fields and values of its record, and its data.
local record, sent, result = KEYS[1], KEYS[9], KEYS[10]

local fields = redis.call('HGETALL', record)
local status = redis.call('HGET', record, 'status')
local data = redis.call('MGET', sent, result)
if status and status ~= 'queued' and status ~= 'running' then erase('0') end
return {fields, data[1], data[2]}
