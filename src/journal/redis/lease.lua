-- Renews a lease by the server's clock, which all replicas share, and forgets leases that ended long ago. Nobody gets one who
-- cannot read what may be written here; to end one is always possible.
-- KEYS: leases (hash: replica -> its end, since when it has held without a gap, both in milliseconds since the epoch of Unix,
--   and the newest record format it reads), journal (hash: records).
-- ARGV: replica, time to live in milliseconds, how many milliseconds an ended lease is kept, newest record format it reads.
-- Returns 'renewed', or 'unknown' and the format that may be written here.
local records = redis.call('HGET', KEYS[2], 'records')
if records and tonumber(records) > tonumber(ARGV[4]) and ARGV[2] ~= '0' then return { 'unknown', records } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local since = now
local leases = redis.call('HGETALL', KEYS[1])
for i = 1, #leases, 2 do
  local last, began = leases[i + 1]:match('^(%d+) (%d+)')
  if tonumber(last) + ARGV[3] < now then redis.call('HDEL', KEYS[1], leases[i]) end
  if leases[i] == ARGV[1] and tonumber(last) > now then since = tonumber(began) end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d %d %d', now + ARGV[2], since, ARGV[4]))
return 'renewed'
