-- Gives photos back to windows. KEYS: the windows. ARGV after the first: the length of each, in seconds.
local photos = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6

for i, key in ipairs(KEYS) do take_photos(read_window(key, tonumber(ARGV[1 + i]), now), -photos) end
