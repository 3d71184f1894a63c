-- Adds entries to the stream of the audit. length: about how many the stream keeps. ARGV after the first: the entries,
-- each a JSON object of strings.
local stream, length = KEYS[1], ARGV[1]

for i = 2, #ARGV do
  local fields = {}
  for name, value in pairs(cjson.decode(ARGV[i])) do
    table.insert(fields, name)
    table.insert(fields, value)
  end
  redis.call('XADD', stream, 'MAXLEN', '~', length, '*', unpack(fields))
end
