#!lua flags=no-writes,allow-stale
-- Says which rights the user lacks, of all that this plugin uses: an error in the middle of a script would keep what the script has written before.
-- KEYS: a key of the table
-- ARGV: the channel
-- Returns the commands that are refused.
local missing = {}
local function check(name, ...) if not redis.acl_check_cmd(...) then missing[#missing + 1] = name end end
local key = KEYS[1]
check('hget', 'hget', key, 'f')
check('hmget', 'hmget', key, 'f')
check('hset', 'hset', key, 'f', 'v')
check('hgetall', 'hgetall', key)
check('hlen', 'hlen', key)
check('hdel', 'hdel', key, 'f')
check('hincrby', 'hincrby', key, 'f', '1')
check('expire', 'expire', key, '1')
check('persist', 'persist', key)
check('zadd', 'zadd', key, '0', 'm')
check('zcard', 'zcard', key)
check('zrange', 'zrange', key, '0', '0')
check('zrangebylex', 'zrangebylex', key, '-', '+')
check('zrem', 'zrem', key, 'm')
check('zremrangebyscore', 'zremrangebyscore', key, '0', '0')
check('xadd', 'xadd', key, '*', 'f', 'v')
check('xlen', 'xlen', key)
check('xrange', 'xrange', key, '-', '+')
check('xtrim', 'xtrim', key, 'MAXLEN', '1')
check('unlink', 'unlink', key)
check('time', 'time')
check('publish', 'publish', ARGV[1], 'm')
check('subscribe', 'subscribe', ARGV[1])
return missing
