-- Notes the server on which the journal was taken at its word.
-- KEYS: journal (hash: trusted). ARGV: its run id, or '' where it is not known.
-- Returns 'trusted'.
if ARGV[1] ~= '' then redis.call('HSET', KEYS[1], 'trusted', ARGV[1]) end
return 'trusted'
