-- Ends a job, unless it is over. KEYS after the sixth are the keys of its images.
-- ARGV after the ninth: pairs of a service's index and its progress. keep_images: '1' or '0'.
-- result_text, failure: '' for none. A job that was canceled does not succeed.
local record, active, finished, chunk, result, sent = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local job_id, new_status, now, data_ttl_s, record_ttl_s = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local keep_images, result_text, failure, failed_items = ARGV[6], ARGV[7], ARGV[8], ARGV[9]

local status, cancel = unpack(redis.call('HMGET', record, 'status', 'cancel'))
if status ~= 'queued' and status ~= 'running' then return 0 end
if cancel and new_status == 'succeeded' then new_status, result_text = 'canceled', '' end
redis.call('HSET', record, 'status', new_status, 'finished_at', now, 'expires_at', now + data_ttl_s,
  'failed_items', failed_items)
if failure ~= '' then redis.call('HSET', record, 'failure', failure) end
for i = 10, #ARGV, 2 do redis.call('HSET', record, 'service:' .. ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', record, record_ttl_s)
redis.call('EXPIRE', sent, data_ttl_s)
redis.call('DEL', chunk)
if result_text ~= '' then redis.call('SET', result, result_text, 'EX', data_ttl_s) end
for i = 7, #KEYS do
  if keep_images == '1' then redis.call('EXPIRE', KEYS[i], data_ttl_s) else redis.call('DEL', KEYS[i]) end
end
redis.call('ZREM', active, job_id)
redis.call('XADD', finished, 'MAXLEN', '~', 10000, '*', 'job', job_id)
return 1
