-- Renews a lease by the server's clock, which all replicas share, and forgets leases that ended long ago.
-- KEYS: leases (hash: replica -> its end, and since when it has held without a gap, in milliseconds since the epoch of Unix).
-- ARGV: replica, time to live in milliseconds, how many milliseconds an ended lease is kept.
-- Returns 'renewed'.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local since = now
local leases = redis.call('HGETALL', KEYS[1])
for i = 1, #leases, 2 do
  local last, began = leases[i + 1]:match('^(%d+) (%d+)$')
  if tonumber(last) + ARGV[3] < now then redis.call('HDEL', KEYS[1], leases[i]) end
  if leases[i] == ARGV[1] and tonumber(last) > now then since = tonumber(began) end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d %d', now + ARGV[2], since))
return 'renewed'
