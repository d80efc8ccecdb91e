-- Uses a nonce of an established context once.
-- KEYS: 1 the context
-- ARGV: 1 run id of the server, or empty, 2 nonce, 3 now by the acceptor's clock, 4 window
-- Returns: 1 fresh, 0 used or too low, -1 no such context.
local known = redis.call('HMGET', KEYS[1], 'e', 'r', 'n', 'w')
if not known[1] or tonumber(ARGV[3]) >= tonumber(known[1]) or known[2] ~= ARGV[1] then return -1 end

-- The ring has a bit for each nonce, modulo its size, which is more than the window.
local SIZE = 512
local nonce, highest, window = tonumber(ARGV[2]), tonumber(known[3] or 0), tonumber(ARGV[4])
local ring = known[4] and {string.byte(known[4], 1, SIZE / 8)} or {}
local function place(of)
    local bit = of % SIZE
    return math.floor(bit / 8) + 1, 2 ^ (bit % 8)
end
local function is_used(of)
    local byte, value = place(of)
    return math.floor((ring[byte] or 0) / value) % 2 == 1
end
for byte = #ring + 1, SIZE / 8 do ring[byte] = 0 end

if nonce > highest then
    -- What the bits between stood for is below the window by now.
    for passed = math.max(highest + 1, nonce - SIZE + 1), nonce do
        local byte, value = place(passed)
        if is_used(passed) then ring[byte] = ring[byte] - value end
    end
    redis.call('HSET', KEYS[1], 'n', ARGV[2])
elseif highest - nonce > window or is_used(nonce) then
    return 0
end
local byte, value = place(nonce)
ring[byte] = ring[byte] + value
redis.call('HSET', KEYS[1], 'w', string.char(unpack(ring)))
return 1
