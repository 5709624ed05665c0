-- Frees names of twins whose answer was handed over, each if it is still held by the one that is named.
-- KEYS: keys (hash: key -> id). ARGV, two a name: key, id.
-- Returns 'released'.
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 'released'
