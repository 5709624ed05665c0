-- Removes records with all that belongs to them. That they may be removed is the caller's to know.
-- KEYS: index, keys (hash: key -> id), then one record (hash) each.
-- ARGV, three a record: id, key or '', the entries that it has for ever (as in index.lua).
-- Returns a word a record: 'removed'|'missing'.
local words = {}
for i = 3, #KEYS do
  local id, key, always = unpack(ARGV, (i - 3) * 3 + 1, (i - 3) * 3 + 3)
  local found = redis.call('HMGET', KEYS[i], 'sequence', 'entries')
  words[i - 2] = found[1] and 'removed' or 'missing'
  if found[1] then
    change('ZREM', always .. '\n' .. found[2], '', found[1], id)
    if key ~= '' and redis.call('HGET', KEYS[2], key) == id then redis.call('HDEL', KEYS[2], key) end
    redis.call('UNLINK', KEYS[i])
  end
end
return words
