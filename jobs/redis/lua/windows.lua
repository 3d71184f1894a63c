-- Counts of photos in windows of time, shared by several scripts. A window slides: what was taken in the window before
-- counts as far as that one overlaps with the last `length` seconds.
local function read_window(key, length, now)
  local index = math.floor(now / length)
  local at, used, before = unpack(redis.call('HMGET', key, 'at', 'used', 'before'))
  at, used, before = tonumber(at), tonumber(used or 0), tonumber(before or 0)
  if at ~= index then used, before = 0, at == index - 1 and used or 0 end
  return {key = key, length = length, index = index, used = used, before = before, left_s = (index + 1) * length - now}
end

-- A negative number of photos gives back what was taken.
local function take_photos(window, photos)
  window.used = math.max(0, window.used + photos)
  redis.call('HSET', window.key, 'at', window.index, 'used', window.used, 'before', window.before)
  redis.call('EXPIRE', window.key, math.ceil(2 * window.length))
end

