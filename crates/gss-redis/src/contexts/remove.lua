-- Forgets a context.
-- KEYS: 1 the context, 2 all of its kind by their ends, 3 the bytes of all
-- ARGV: 1 run id of the server, 2 id
local sealed = redis.call('HGET', KEYS[1], 's')
if not sealed then return 0 end
redis.call('DEL', KEYS[1])
if redis.call('ZREM', KEYS[2], ARGV[2] .. ':' .. #sealed) == 1 then
    redis.call('DECRBY', KEYS[3], #sealed)
end
return 1
