-- Ends a job, unless it is over. KEYS after the twelfth are the keys of its images. binding: of its idempotency key.
-- webhook: '' if the job has none. due: the webhooks that are to be looked at.
-- unfinished, kept, sizes: of the account of its owner; see account.lua.
-- ARGV after the tenth: pairs of a service's index and its progress. keep_images: '1' or '0'.
-- result_text, failure: '' for none. A job that was canceled does not succeed.
-- claim_id: of the stage that ends the job; '' if no stage does. A stale claim ends nothing.
local record, active, finished, chunk, result, sent = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local binding, webhook, due, unfinished, kept, sizes = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local job_id, new_status, now, data_ttl_s, record_ttl_s = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local keep_images, result_text, failure, failed_items, claim_id = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]

local status, cancel, claim = unpack(redis.call('HMGET', record, 'status', 'cancel', 'claim'))
if status ~= 'queued' and status ~= 'running' then return 0 end
if claim_id ~= '' and claim ~= claim_id then return 0 end
if cancel and new_status == 'succeeded' then new_status, result_text = 'canceled', '' end
-- First, since a full server refuses the first write of a script if that takes memory: jobs that end make room.
redis.call('DEL', chunk)
redis.call('HSET', record, 'status', new_status, 'finished_at', now, 'expires_at', now + data_ttl_s,
  'failed_items', failed_items)
if failure ~= '' then redis.call('HSET', record, 'failure', failure) end
for i = 11, #ARGV, 2 do redis.call('HSET', record, 'service:' .. ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', record, record_ttl_s)
redis.call('EXPIRE', sent, data_ttl_s)
local bound = redis.call('GET', binding)
if bound and string.sub(bound, 1, #job_id + 1) == job_id .. ' ' then redis.call('EXPIRE', binding, data_ttl_s) end
if result_text ~= '' then redis.call('SET', result, result_text, 'EX', data_ttl_s) end
local bytes = redis.call('STRLEN', sent) + #result_text
for i = 13, #KEYS do
  if keep_images == '1' then bytes = bytes + redis.call('STRLEN', KEYS[i]) end
  if keep_images == '1' then redis.call('EXPIRE', KEYS[i], data_ttl_s) else redis.call('DEL', KEYS[i]) end
end
if webhook ~= '' and redis.call('EXISTS', webhook) == 1 then
  redis.call('EXPIRE', webhook, data_ttl_s)
  redis.call('HSET', record, 'webhook_status', 'pending', 'webhook_next_at', now)
  redis.call('ZADD', due, redis.call('TIME')[1], 'job ' .. job_id)
end
if unfinished ~= '' then redis.call('ZREM', unfinished, job_id) end
keep_bytes(kept, sizes, job_id, bytes, redis.call('TIME')[1] + data_ttl_s)
redis.call('ZREM', active, job_id)
redis.call('XADD', finished, 'MAXLEN', '~', 10000, '*', 'job', job_id)
return 1
