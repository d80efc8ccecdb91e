-- Gets a context, or takes it out.
-- KEYS: 1 the context, 2 all of its kind by their ends, 3 the bytes of all
-- ARGV: 1 run id of the server, or empty, 2 id, 3 now by the acceptor's clock, 4 '1' to take it out
-- Returns: the sealed transcript, or false.
local known = redis.call('HMGET', KEYS[1], 's', 'e', 'r')
if not known[1] then return false end
local usable = tonumber(ARGV[3]) < tonumber(known[2]) and known[3] == ARGV[1]
if ARGV[4] == '1' or not usable then
    redis.call('DEL', KEYS[1])
    if redis.call('ZREM', KEYS[2], ARGV[2] .. ':' .. #known[1]) == 1 then
        redis.call('DECRBY', KEYS[3], #known[1])
    end
end
return usable and known[1]
