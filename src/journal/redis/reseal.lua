-- Writes values of a record instead of others, each if the other one still stands, and notes until when an earlier key sealed.
-- KEYS: journal (hash: earlier-until), record (hash).
-- ARGV: when the record's request was received, then three a value: name, what stands there ('' for nothing), what is to.
-- Returns how many were written.
local known = tonumber(redis.call('HGET', KEYS[1], 'earlier-until') or '0')
if tonumber(ARGV[1]) > known then redis.call('HSET', KEYS[1], 'earlier-until', ARGV[1]) end
local written = 0
if not redis.call('HGET', KEYS[2], 'version') then return 0 end
for i = 2, #ARGV, 3 do
  if (redis.call('HGET', KEYS[2], ARGV[i]) or '') == ARGV[i + 1] then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 2])
    written = written + 1
  end
end
return written
