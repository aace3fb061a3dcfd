#!lua flags=allow-oom
-- Says where a bucket stands. Begins a new epoch where there is none, or where the bucket is behind what the asking host has seen of it.
-- KEYS: the bucket's mark
-- ARGV: the epoch and the number of commits that the host has seen (an empty text and 0 at first), a new epoch
-- Returns the epoch, the number of commits, and the layout's format.
local epoch, commits, format = unpack(redis.call('HMGET', KEYS[1], 'epoch', 'commits', 'format'))
if format and format ~= '1' then return {epoch or '', 0, format} end
commits = tonumber(commits or '0')
if not epoch or (epoch == ARGV[1] and commits < tonumber(ARGV[2])) then
  epoch = ARGV[3]
  redis.call('HSET', KEYS[1], 'format', '1', 'epoch', epoch, 'commits', string.format('%.0f', commits))
end
return {epoch, commits, '1'}
