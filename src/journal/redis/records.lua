-- Says whether a gateway may read and write records here; the first that writes a newer format makes it the journal's, unless a
-- gateway lives that could not read it.
-- KEYS: journal (hash: records, the newest format that may be written here), leases (as in lease.lua).
-- ARGV: format that is written, newest one that is read.
-- Returns 'known'; 'unknown' and the format that may be written here; 'unread' and the gateway that cannot read.
local allowed = redis.call('HGET', KEYS[1], 'records') or '1'
if tonumber(allowed) > tonumber(ARGV[2]) then return { 'unknown', allowed } end
if tonumber(allowed) >= tonumber(ARGV[1]) then return { 'known' } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local leases = redis.call('HGETALL', KEYS[2])
for i = 1, #leases, 2 do
  local last, read = leases[i + 1]:match('^(%d+) %d+ ?(%d*)')
  if tonumber(last) > now and (tonumber(read) or 1) < tonumber(ARGV[1]) then return { 'unread', leases[i] } end
end
redis.call('HSET', KEYS[1], 'records', ARGV[1])
return { 'known' }
