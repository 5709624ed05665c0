-- Functions over the index, set before the scripts that use it. KEYS[1] is the index: a sorted set whose scores are
-- all 0, so that its order is that of the bytes. A member is an entry (what it is listed under), NUL, the sequence in
-- twelve digits, '/' and the id. Lists of entries are lines.
local index = KEYS[1]

local function place(sequence)
  return string.format('\0%012d', sequence)
end

-- Adds (ZADD) or removes (ZREM) members, leaving alone those whose entry is in `except`.
local function change(command, entries, except, sequence, id)
  local members = {}
  for entry in entries:gmatch('[^\n]+') do
    if not ('\n' .. except .. '\n'):find('\n' .. entry .. '\n', 1, true) then
      if command == 'ZADD' then members[#members + 1] = 0 end
      members[#members + 1] = entry .. place(sequence) .. '/' .. id
    end
  end
  if #members > 0 then redis.call(command, index, unpack(members)) end
end

-- Whether the last one that the entry lists is this one.
local function endsWith(entry, id)
  local last = redis.call('ZREVRANGEBYLEX', index, '(' .. entry .. '\1', '[' .. entry .. '\0', 'LIMIT', 0, 1)[1]
  return last ~= nil and last:sub(#entry + 15) == id
end

-- Whether any of the entries lists a lower sequence.
local function listsLower(entries, sequence)
  for entry in entries:gmatch('[^\n]+') do
    local from, to = '[' .. entry .. '\0', '(' .. entry .. place(sequence)
    if redis.call('ZRANGEBYLEX', index, from, to, 'LIMIT', 0, 1)[1] then return true end
  end
  return false
end
