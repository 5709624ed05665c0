-- Removes records with all that belongs to them. That they may be removed is the caller's to know, who read them: one
-- that was written since (a late report may have come) stays.
-- KEYS: index, keys (hash: key -> id), then one record (hash) each.
-- ARGV, four a record: id, version that was read, key or '', the entries that it has for ever (as in index.lua).
-- Returns a word a record: 'removed'|'stale-version'|'missing'.
local words = {}
for i = 3, #KEYS do
  local id, version, key, always = unpack(ARGV, (i - 3) * 4 + 1, (i - 3) * 4 + 4)
  local found = redis.call('HMGET', KEYS[i], 'version', 'sequence', 'entries')
  words[i - 2] = not found[1] and 'missing' or found[1] == version and 'removed' or 'stale-version'
  if found[1] == version then
    change('ZREM', always .. '\n' .. found[3], '', found[2], id)
    if key ~= '' and redis.call('HGET', KEYS[2], key) == id then redis.call('HDEL', KEYS[2], key) end
    redis.call('UNLINK', KEYS[i])
  end
end
return words
