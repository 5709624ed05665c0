-- Replaces the record of a switchover.
-- KEYS: switchovers (sorted set: epoch -> record). ARGV: epoch, record, how many switchovers are kept.
-- Returns 'written'.
redis.call('ZREMRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])
return 'written'
