-- Writes one turn's records, in order: creates each unless its key is taken, replaces each if its version stands.
-- KEYS: index, journal (hash: sequence, epoch), keys (hash: key -> id), a record (hash) a write.
-- ARGV, a write: how many follow, then these ('' for none; entries, waits as in index.lua), then name and bytes of each body given:
--   'create', id, key, entry whose last one alone may hold it, head, course, entries, entries for ever, then if in flight: course, entries, epoch, waits
--   'replace', id, key to free, version, write id, next version, course, entries, epoch, waits
-- Returns a list a write: 'kept-held'|'kept-in-flight', sequence; 'found', version, sequence, head, course;
--   'key-taken', id of its holder; 'replaced'|'stale-version'|'stale-epoch'|'behind'|'missing'.
local current, words, at = redis.call('HGET', KEYS[2], 'epoch') or '0', {}, 1
local function create(record, id, key, among, head, course, entries, always, flying, flyingEntries, epoch, waits, ...)
  local found = redis.call('HMGET', record, 'version', 'sequence', 'head', 'course')
  if found[1] then return { 'found', unpack(found) } end
  local holder = redis.call('HGET', KEYS[3], key)
  if holder and (among == '' or endsWith(among, holder)) then return { 'key-taken', holder } end
  local sequence = redis.call('HINCRBY', KEYS[2], 'sequence', 1)
  local flies = flying ~= '' and epoch == current and not listsLower(waits, sequence)
  if flies then course, entries = flying, flyingEntries end
  redis.call('HSET', record, 'version', 1, 'sequence', sequence, 'head', head, 'course', course, 'entries', entries, ...)
  change('ZADD', always .. '\n' .. entries, '', sequence, id)
  if key ~= '' then redis.call('HSET', KEYS[3], key, id) end
  return { flies and 'kept-in-flight' or 'kept-held', tostring(sequence) }
end
local function replace(record, id, freed, version, write, next, course, entries, epoch, waits, ...)
  local found = redis.call('HMGET', record, 'version', 'write', 'sequence', 'entries')
  if not found[1] then return { 'missing' } end
  if found[1] == next and found[2] == write then return { 'replaced' } end
  if found[1] ~= version then return { 'stale-version' } end
  if epoch ~= '' and epoch ~= current then return { 'stale-epoch' } end
  if epoch ~= '' and listsLower(waits, found[3]) then return { 'behind' } end
  redis.call('HSET', record, 'version', next, 'write', write, 'course', course, 'entries', entries, ...)
  change('ZREM', found[4], entries, found[3], id)
  change('ZADD', entries, found[4], found[3], id)
  if freed ~= '' and redis.call('HGET', KEYS[3], freed) == id then redis.call('HDEL', KEYS[3], freed) end
  return { 'replaced' }
end
for i = 4, #KEYS do
  local last = at + ARGV[at]
  words[i - 3] = (ARGV[at + 1] == 'create' and create or replace)(KEYS[i], unpack(ARGV, at + 2, last))
  at = last + 1
end
return words
