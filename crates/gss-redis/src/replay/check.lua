-- Remembers an authenticator, and says whether it was remembered before, or might have been.
-- KEYS: 1 what the cache knows about itself, 2 the authenticator
-- ARGV, times in milliseconds of the acceptor's clock: 1 run id of the server, or empty where its restarts lose
--       nothing, 2 now, 3 the end of the authenticator, 4 margin, 5 horizon in case that entries were lost
-- Returns: 1 new, 0 known, -1 might have been lost, -2 might have expired; then by how many milliseconds the end is
--          short of being safe; then 1 if the cache began anew, 2 if the server was restarted, else 0.
local time = redis.call('TIME')
local here = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local now, ends, margin = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local known = redis.call('HMGET', KEYS[1], 'horizon', 'lead', 'run')

-- How far the acceptors' clocks are ahead of the server's, at most.
local lead, event, horizon = now - here, 0, nil
if known[1] then
    horizon = tonumber(known[1])
    lead = math.max(lead, tonumber(known[2]))
    if ARGV[1] ~= '' and known[3] ~= ARGV[1] then event = 2 end
else
    event = 1
end
if event > 0 then
    horizon = math.max(horizon or tonumber(ARGV[5]), tonumber(ARGV[5]))
    redis.call('HSET', KEYS[1], 'horizon', string.format('%.0f', horizon), 'run', ARGV[1])
end
if event > 0 or lead > tonumber(known[2]) then
    redis.call('HSET', KEYS[1], 'lead', string.format('%.0f', lead))
end

-- An entry expires here when `here` plus the lead at its making passes its end and margin; the lead has only grown.
local short = here + lead - ends - margin
if short >= 0 then
    if redis.call('EXISTS', KEYS[2]) == 1 then return {0, 0, event} end
    return {-2, short, event}
end
-- A second more, for what is rounded.
local life = string.format('%.0f', math.max(ends - now + margin, 0) + 1000)
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', life) then return {0, 0, event} end
if ends <= horizon then return {-1, horizon - ends, event} end
return {1, 0, event}
