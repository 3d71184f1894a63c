-- Deletes the data of a job. KEYS: see erase.lua.
-- only_unsent: '1' to delete nothing of a job that was sent.
local record, tombstone_ttl_s, only_unsent = KEYS[1], ARGV[2], ARGV[3] == '1'

if only_unsent and redis.call('HEXISTS', record, 'unsent') == 0 then return 0 end
return erase(tombstone_ttl_s) and 1 or 0
