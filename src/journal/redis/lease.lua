-- Renews a lease by the server's clock, which all replicas share, and forgets leases that ended long ago.
-- KEYS: leases (hash: replica -> end in milliseconds since the epoch of Unix).
-- ARGV: replica, time to live in milliseconds, how many milliseconds an ended lease is kept.
-- Returns 'renewed'.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local leases = redis.call('HGETALL', KEYS[1])
for i = 1, #leases, 2 do
  if leases[i + 1] + ARGV[3] < now then redis.call('HDEL', KEYS[1], leases[i]) end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', now + ARGV[2]))
return 'renewed'
