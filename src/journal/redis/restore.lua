-- Writes a record back into a journal that came back older, if what stands in its place is what the caller read there.
-- KEYS: index, journal (hash: sequence), keys (hash: key -> id), record (hash).
-- ARGV: id, version, sequence, write id, version that it replaces or '' for none, head, course, entries, entries for ever,
--   key or '', entry whose last one alone may hold the key or '', 'hold'|'free' of the key, then name and bytes of each body given.
-- Returns 'restored'|'key-taken' (restored, but another has the key)|'stale-version'.
local id, version, sequence, write, over, head, course, entries, always, key, among, holding = unpack(ARGV, 1, 12)
local found = redis.call('HMGET', KEYS[4], 'version', 'write', 'entries', 'sequence')
local isDone = found[1] == version and found[2] == write
if not isDone then
  if (found[1] or '') ~= over then return 'stale-version' end
  if found[1] then sequence = found[4] end
  redis.call('HSET', KEYS[4], 'version', version, 'sequence', sequence, 'write', write, 'head', head, 'course', course,
    'entries', entries, unpack(ARGV, 13))
  change('ZREM', found[3] or '', entries, sequence, id)
  change('ZADD', always .. '\n' .. entries, found[3] or '', sequence, id)
  if tonumber(redis.call('HGET', KEYS[2], 'sequence') or '0') < tonumber(sequence) then
    redis.call('HSET', KEYS[2], 'sequence', sequence)
  end
end
if key == '' then return 'restored' end
local holder = redis.call('HGET', KEYS[3], key)
if holding == 'free' then
  if holder == id then redis.call('HDEL', KEYS[3], key) end
  return 'restored'
end
if holder and holder ~= id and (among == '' or endsWith(among, holder)) then return 'key-taken' end
redis.call('HSET', KEYS[3], key, id)
return 'restored'
