-- Keeps a context. Those that have ended leave, and those that end first make room.
-- KEYS: 1 the context, 2 all of its kind by their ends, 3 the bytes of all
-- ARGV: 1 run id of the server, or empty where its restarts lose nothing, 2 id, 3 sealed transcript, 4 end by the
--       acceptor's clock, 5 milliseconds until then, 6 most contexts, 7 most bytes, 8 what stands before the id in
--       the key of a context
-- Returns: 1, or 0 when there is no room.
local time = redis.call('TIME')
local here = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local size, most, most_bytes = #ARGV[3], tonumber(ARGV[6]), tonumber(ARGV[7])
if most < 1 or size > most_bytes then return 0 end

local old = redis.call('HGET', KEYS[1], 's')
if old then
    redis.call('DEL', KEYS[1])
    redis.call('ZREM', KEYS[2], ARGV[2] .. ':' .. #old)
    redis.call('DECRBY', KEYS[3], #old)
end
local count = redis.call('ZCARD', KEYS[2])
local bytes = count > 0 and tonumber(redis.call('GET', KEYS[3]) or 0) or 0
for _ = 1, 2000 do
    if count == 0 then break end
    local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
    if tonumber(first[2]) > here and count < most and bytes + size <= most_bytes then break end
    redis.call('ZREM', KEYS[2], first[1])
    local id, its_size = string.match(first[1], '^(.*):(%d+)$')
    redis.call('DEL', ARGV[8] .. id)
    count, bytes = count - 1, bytes - tonumber(its_size)
end
bytes = math.max(bytes, 0)
local fits = count < most and bytes + size <= most_bytes
if fits then
    redis.call('HSET', KEYS[1], 's', ARGV[3], 'e', ARGV[4], 'r', ARGV[1])
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
    redis.call('ZADD', KEYS[2], string.format('%.0f', here + tonumber(ARGV[5])), ARGV[2] .. ':' .. size)
    bytes = bytes + size
end
redis.call('SET', KEYS[3], string.format('%.0f', bytes))
-- The lists end with their last context.
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[5]) then redis.call('PEXPIRE', KEYS[2], ARGV[5]) end
local left = redis.call('PTTL', KEYS[2])
if left > 0 then redis.call('PEXPIRE', KEYS[3], left) end
return fits and 1 or 0
