-- Reads records in one step.
-- KEYS: records (hashes). ARGV: none.
-- Returns a list a record: version, sequence, head, course; an empty one for a record that is not there.
local rows = {}
for i, record in ipairs(KEYS) do
  local found = redis.call('HMGET', record, 'version', 'sequence', 'head', 'course')
  rows[i] = found[1] and found or {}
end
return rows
