-- Records that a batch is to end, unless it is erased or was canceled before.
local record = KEYS[1]
local now = ARGV[1]

if redis.call('HEXISTS', record, 'touched_at') == 0 then return 0 end
return redis.call('HSETNX', record, 'canceled_at', now)
