#!lua flags=allow-oom
-- Forgets the history of a collection that has no items and stands at the given position.
-- KEYS: the bucket's mark and its set of emptied collections; the collection's meta, items, removals, changes
-- ARGV: the epoch and the revision that the collection must have, its name
-- Returns 1 if nothing is kept of the collection any more, else 0.
--
-- The mark remembers the highest revision of any forgotten collection. A collection without a history stands there, and its revisions go on from there:
-- so the bucket's epoch, which all of its collections share, stays.
local call = redis.call
local epoch, forgotten = unpack(call('HMGET', KEYS[1], 'epoch', 'forgotten'))
if epoch ~= ARGV[1] then return {0} end
forgotten = tonumber(forgotten or '0')
local revision = tonumber(call('HGET', KEYS[3], 'revision') or false)
if call('HLEN', KEYS[4]) > 0 or (revision or forgotten) ~= tonumber(ARGV[2]) then return {0} end
if revision then
  call('ZCARD', KEYS[2]) -- fails here, before the first write, if another program's value is there
  call('HSET', KEYS[1], 'forgotten', string.format('%.0f', math.max(forgotten, revision)))
  call('UNLINK', KEYS[3], KEYS[4], KEYS[5], KEYS[6])
  call('ZREM', KEYS[2], ARGV[3])
end
return {1}
