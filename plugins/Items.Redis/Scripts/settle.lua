#!lua flags=allow-oom
-- Ends a commit of which no reply came: returns what became of it, or makes sure that it will never happen, however late it arrives.
-- KEYS: where the commit's outcome is kept
-- ARGV: the host, the commit's number
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if kept then
  local number, _, statuses, revisions = string.match(kept, '^(%d+) (%d+) (%a*) ([%d,]*)$')
  if tonumber(number) == tonumber(ARGV[2]) and statuses ~= '' then return {'done', statuses, revisions} end
  if tonumber(number) >= tonumber(ARGV[2]) then return {'never'} end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. redis.call('TIME')[1] .. '  ')
return {'never'}
