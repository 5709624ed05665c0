-- Makes the epoch of a journal that came back older at least what somebody knew it to be.
-- KEYS: journal (hash: epoch, bump). ARGV: epoch that is known.
-- Returns the epoch that stands, as text.
local current = redis.call('HGET', KEYS[1], 'epoch') or '0'
if tonumber(current) >= tonumber(ARGV[1]) then return current end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'bump', '')
return ARGV[1]
