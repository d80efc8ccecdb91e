-- Begins a cache that has nothing to remember, unless it has begun.
-- KEYS: 1 what the cache knows about itself
-- ARGV: 1 run id of the server, or empty, 2 now, in milliseconds of the acceptor's clock
local time = redis.call('TIME')
local here = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local lead = string.format('%.0f', tonumber(ARGV[2]) - here)
redis.call('HSET', KEYS[1], 'horizon', '-9007199254740991', 'lead', lead, 'run', ARGV[1])
return 1
