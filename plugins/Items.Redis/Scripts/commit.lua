#!lua
-- Stores the updates of one commit: all of them, but for conflicts, or none.
--
-- KEYS: where outcomes are kept; the mark that counts the messages; for each bucket its mark, its index and its set of emptied collections;
--       for each collection its meta, items, removals, changes
-- ARGV: 1 the host  2 the commit's number  3 a random number for the changes' ids  4 the channel  5 the bucket that counts the messages
--       6 removals kept  7 changes kept  8 bytes of changes kept  9 fields of a change  10 bytes of a change
--       11 for how many seconds the changes of an emptied collection are kept
--       12 the epoch of the bucket that counts the messages  13 the number of the last message (what the host has seen)
--       14 the number of buckets   then for each: epoch, commits (what the host has seen)
--       the number of collections  then for each: its bucket (1..), its name
--       the number of updates      then for each: its collection (1..), the revision expected or '', reset 1 or 0,
--                                  the number of removals, of inserts, the ids to remove, id and item of each insert
-- Returns 'migrating' where the slot is being moved to another server; 'moved' if a bucket is not what the host has seen; 'late' if a
-- later commit of the host was here before this one; else 'done', a letter for each update (c committed, u unchanged, x conflict), the
-- revisions before it, joined by commas, the buckets' commits, and the number of the last message.
--
-- Everything that can fail is read or checked before the first write: a script that ends with an error keeps what it has written.

local call, concat = redis.call, table.concat
local at = 0
local function next() at = at + 1; return ARGV[at] end
local function count() return tonumber(next()) end
local function whole(number) return string.format('%.0f', number) end

local host, number, mark, channel, teller = next(), next(), next(), next(), next()
local removals_kept, changes_kept, bytes_kept, change_fields, change_bytes, emptied_seconds = count(), count(), count(), count(), count(), count()
local seen_teller_epoch, seen_told = next(), count()
local key = 2

-- 0. In a slot that is being moved to another server, a key that is not there is an error: one that was just emptied as well. So a key
--    that never is there tells it before the first write. (The server refuses the script by itself if one of KEYS is not there.)
local absent = redis.pcall('HGET', KEYS[2] .. ':absent', 'field')
if type(absent) == 'table' and absent.err then return {'migrating'} end

-- 1. The buckets are those that the host knows, with all that it has seen committed, on the server where they were left: one that was a
--    replica is another one (see visit.lua).
local info = redis.pcall('INFO', 'replication')
local origin = type(info) == 'string' and string.match(info, 'master_replid2:(%x*[1-9a-f]%x*)')
local teller_epoch, told = unpack(call('HMGET', KEYS[2], 'epoch', 'told'))
told = tonumber(told or '0')
if teller_epoch == seen_teller_epoch and told < seen_told then return {'moved'} end
local buckets = {}
for b = 1, count() do
  local bucket = {mark = KEYS[key + 1], index = KEYS[key + 2], emptied = KEYS[key + 3]}
  key = key + 3
  local seen_epoch, seen_commits = next(), count()
  local epoch, commits, forgotten, known = unpack(call('HMGET', bucket.mark, 'epoch', 'commits', 'forgotten', 'origin'))
  if epoch ~= seen_epoch or tonumber(commits or '0') < seen_commits or (origin and origin ~= known) then return {'moved'} end
  call('ZCARD', bucket.index)
  call('ZCARD', bucket.emptied)
  bucket.epoch, bucket.commits, bucket.forgotten = epoch, tonumber(commits or '0'), tonumber(forgotten or '0')
  buckets[b] = bucket
end

-- 2. This commit was not here before: an answer that was lost is given again.
local kept = call('HGET', KEYS[1], host)
if kept then
  local last, _, statuses, revisions = string.match(kept, '^(%d+) (%d+) (%a*) ([%d,]*)$')
  if tonumber(last) == tonumber(number) and statuses ~= '' then return {'done', statuses, revisions} end
  if tonumber(last) >= tonumber(number) then return {'late'} end
end

-- 3. The collections, as they stand. A key of another type is an error here.
local collections, revisions = {}, {}
for c = 1, count() do
  local meta = KEYS[key + 1]
  local revision, history, written, floor = unpack(call('HMGET', meta, 'revision', 'history', 'written', 'floor'))
  local collection = {
    meta = meta, items_key = KEYS[key + 2], removals_key = KEYS[key + 3], changes_key = KEYS[key + 4],
    bucket = buckets[count()], name = next(),
    written = tonumber(written or '0'), floor = tonumber(floor or '0'), -- bytes of changes, of all and of those that were trimmed
  }
  key = key + 4
  -- Without a history it stands where the last of those was that were forgotten: see forget.lua.
  collection.revision = tonumber(revision) or collection.bucket.forgotten
  collection.history = tonumber(history) or collection.bucket.forgotten
  collection.items, collection.removals = call('HLEN', collection.items_key), call('ZCARD', collection.removals_key)
  call('XLEN', collection.changes_key)
  collection.first, collection.items_before = collection.revision, collection.items
  collections[c], revisions[c] = collection, whole(collection.revision)
end

-- Lua's stack holds some 8,000 values: long lists go in parts.
local function in_parts(command, target, list)
  local answer = 0
  for from = 1, #list, 2000 do
    answer = answer + call(command, target, unpack(list, from, math.min(from + 1999, #list)))
  end
  return answer
end

-- 4. The updates, in order.
local function apply(collection, reset, removals, inserts)
  local revision = collection.revision + 1
  local text = whole(revision)
  local fields, bytes = {'b', whole(collection.written)}, 0
  local effective = inserts > 0 or (reset and collection.items > 0)

  if reset and effective then
    call('UNLINK', collection.items_key)
    call('UNLINK', collection.removals_key)
    collection.items, collection.removals, collection.history = 0, 0, revision
    fields[#fields + 1] = '*'
    fields[#fields + 1] = ''
  end

  if removals > 0 then
    local gone = {}
    for _ = 1, removals do
      local id = next()
      if call('HDEL', collection.items_key, id) == 1 then
        gone[#gone + 1] = text
        gone[#gone + 1] = id
        fields[#fields + 1] = '-' .. id
        fields[#fields + 1] = ''
        bytes = bytes + #id
      end
    end
    if #gone > 0 then
      effective = true
      collection.items = collection.items - #gone / 2
      collection.removals = collection.removals + in_parts('ZADD', collection.removals_key, gone)
    end
  end

  if inserts > 0 then
    local items, ids = {}, {}
    for i = 1, inserts do
      local id, json = next(), next()
      ids[i] = id
      items[2 * i - 1], items[2 * i] = id, text .. ' ' .. json
      bytes = bytes + #id + #json
      if bytes <= change_bytes then
        fields[#fields + 1] = '+' .. id
        fields[#fields + 1] = json
      end
    end
    collection.items = collection.items + in_parts('HSET', collection.items_key, items)
    if collection.removals > 0 then collection.removals = collection.removals - in_parts('ZREM', collection.removals_key, ids) end
  end

  if not effective then return 'u' end
  collection.revision = revision
  if bytes > change_bytes or #fields > change_fields then fields = {'b', fields[2], '!', ''} end -- too much: whoever follows reads the collection
  for i = 1, #fields do collection.written = collection.written + #fields[i] end
  local id = text .. '-' .. mark
  local added = redis.pcall('XADD', collection.changes_key, 'MAXLEN', '~', changes_kept, id, unpack(fields))
  if type(added) == 'table' and added.err then -- what stands there is of another history
    call('UNLINK', collection.changes_key)
    call('XADD', collection.changes_key, id, unpack(fields))
  end
  return 'c'
end

local statuses = {}
for u = 1, count() do
  local collection, expected, reset, removals, inserts = collections[count()], next(), next() == '1', count(), count()
  if expected ~= '' and tonumber(expected) ~= collection.revision then
    statuses[u] = 'x'
    at = at + removals + 2 * inserts
  else
    statuses[u] = apply(collection, reset, removals, inserts)
  end
end

-- 5. What is remembered stays within its bounds.
local function trim(collection)
  local bound = math.max(removals_kept, collection.items)
  if collection.removals > bound then -- a quarter goes at once, so that looking for the oldest is paid by many removals
    local last = collection.removals - bound + math.floor(bound / 4) - 1
    collection.history = tonumber(call('ZRANGE', collection.removals_key, last, last, 'WITHSCORES')[2])
    call('ZREMRANGEBYSCORE', collection.removals_key, '-inf', whole(collection.history))
  end
  while collection.written - collection.floor > bytes_kept do
    collection.floor = tonumber(call('XRANGE', collection.changes_key, '-', '+', 'COUNT', 1)[1][2][2])
    local length = call('XLEN', collection.changes_key)
    if collection.written - collection.floor <= bytes_kept or length == 1 then break end
    call('XTRIM', collection.changes_key, 'MAXLEN', math.floor(length / 2))
  end
end

local changed = {}
for _, collection in ipairs(collections) do
  if collection.revision ~= collection.first then
    trim(collection)
    call('HSET', collection.meta, 'revision', whole(collection.revision), 'history', whole(collection.history),
      'written', whole(collection.written), 'floor', whole(collection.floor))
    if collection.items > 0 and collection.items_before == 0 then call('ZADD', collection.bucket.index, 0, collection.name) end
    if collection.items == 0 and collection.items_before > 0 then call('ZREM', collection.bucket.index, collection.name) end
    if collection.items == 0 then
      call('ZADD', collection.bucket.emptied, 0, collection.name)
      call('EXPIRE', collection.changes_key, emptied_seconds)
    elseif collection.items_before == 0 then
      call('ZREM', collection.bucket.emptied, collection.name)
      call('PERSIST', collection.changes_key)
    end
    collection.bucket.changed = true
    changed[#changed + 1] = collection
  end
end
local commits = {}
for b, bucket in ipairs(buckets) do
  if bucket.changed then bucket.commits = call('HINCRBY', bucket.mark, 'commits', 1) end
  commits[b] = bucket.commits
end

-- 6. The outcome is remembered until the host's next commit here; of hosts that are gone, for ten minutes.
local now = call('TIME')[1]
statuses, revisions = concat(statuses), concat(revisions, ',')
call('HSET', KEYS[1], host, number .. ' ' .. now .. ' ' .. statuses .. ' ' .. revisions)
if call('HLEN', KEYS[1]) > 64 then
  local all = call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if tonumber(string.match(all[i + 1], '^%d+ (%d+)')) < now - 600 then call('HDEL', KEYS[1], all[i]) end
  end
end

-- 7. All hosts are told, by a message that is numbered, so that they find out if one did not come; and that bears a number drawn at random, so that they
--    find out if another history has the same number.
if #changed > 0 then
  told = told + 1
  local news = {concat({host, teller, teller_epoch or '', whole(told), mark}, ' ')}
  for _, collection in ipairs(changed) do
    local bucket = collection.bucket
    news[#news + 1] = concat({bucket.epoch, whole(bucket.commits), whole(collection.revision), collection.name}, ' ')
  end
  call('HSET', KEYS[2], 'told', whole(told), 'token', mark)
  call('PUBLISH', channel, concat(news, '\n'))
end
return {'done', statuses, revisions, commits, told}
