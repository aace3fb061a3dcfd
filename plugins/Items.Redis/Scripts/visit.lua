#!lua flags=allow-oom
-- Says where buckets stand. Begins a new epoch where there is none; and for all buckets, if the history is not what it was: if a bucket,
-- or the number of messages, is behind what the asking host has seen, or on a server that was a replica when the epoch began.
-- KEYS: the buckets' marks; the first one counts the messages
-- ARGV: a new epoch, the number of the last message, then for each bucket the epoch and the number of commits
--       (what the host has seen; an empty text and 0 at first)
-- Returns the layout's format, the epochs, the numbers of commits.
--
-- A replica may lack what its master had told of, and gives the same revisions to something else when it becomes the master; a host that
-- has seen no more than the replica could not tell. Such a server names its former master in its second replication id, which is all zeros
-- in a server that was never a replica since it was started. A restart does not change the epoch.
local info = redis.pcall('INFO', 'replication')
local origin = type(info) == 'string' and string.match(info, 'master_replid2:(%x*[1-9a-f]%x*)')
local marks, replaced, epochs, numbers = {}, false, {}, {}
for b, key in ipairs(KEYS) do
  local epoch, commits, format, known, told = unpack(redis.call('HMGET', key, 'epoch', 'commits', 'format', 'origin', 'told'))
  if format and format ~= '1' then return {format, {}, {}} end
  local mark = {epoch = epoch, commits = tonumber(commits or '0'), known = known, seen = ARGV[1 + 2 * b]}
  if epoch and epoch == mark.seen then
    replaced = replaced or mark.commits < tonumber(ARGV[2 + 2 * b]) or (b == 1 and tonumber(told or '0') < tonumber(ARGV[2]))
  end
  marks[b] = mark
end
for b, mark in ipairs(marks) do
  if not mark.epoch or (replaced and mark.epoch == mark.seen) or (origin and origin ~= mark.known) then
    mark.epoch = ARGV[1]
    redis.call('HSET', KEYS[b], 'format', '1', 'epoch', mark.epoch, 'commits', string.format('%.0f', mark.commits),
      'origin', origin or mark.known or '')
  end
  epochs[b], numbers[b] = mark.epoch, mark.commits
end
return {'1', epochs, numbers}
