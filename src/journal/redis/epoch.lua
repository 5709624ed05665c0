-- Raises the epoch by one if it is the one expected, and keeps the switchover's record with it.
-- KEYS: journal (hash: epoch, bump), switchovers (sorted set: epoch -> record).
-- ARGV: epoch expected, the raised one, write id or '', record or '', how many switchovers are kept.
-- Returns 'bumped'|'stale' and the epoch that stands.
local expected, raised, write, record = unpack(ARGV)
local current = redis.call('HGET', KEYS[1], 'epoch') or '0'
if current == raised and write ~= '' and redis.call('HGET', KEYS[1], 'bump') == write then return { 'bumped', raised } end
if current ~= expected then return { 'stale', current } end
redis.call('HSET', KEYS[1], 'epoch', raised, 'bump', write)
if record ~= '' then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], raised, raised)
  redis.call('ZADD', KEYS[2], raised, record)
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - ARGV[5])
end
return { 'bumped', raised }
