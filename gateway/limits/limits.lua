-- Takes `cost` requests from every tier, or from none of them when one has no room.
--
-- KEYS: one hash for each tier, then any version keys, whose values come back in the same round trip.
-- ARGV: number of tiers; now in microseconds, or '' for this server's clock; cost;
--       then for each tier: limit, window in microseconds, capacity of its burst bucket (0: none).
-- Returns {granted, now, {a row for each tier}, {a value or nil for each version key}}; a row is
--       {fits, requests counted in the window, whole burst tokens left, draws on the burst,
--        microseconds until this request would pass, moment when the oldest counted requests leave}.
--
-- A tier's window is a queue of at most 61 steps "first:last:count": requests that came within a sixtieth of the
-- window share a step and leave together, a full window after the last of them. A request is thus counted for at
-- least the window and at most a sixtieth longer: a limit is never exceeded, whatever it is, in bounded memory.
-- Times are microseconds because a double holds them exactly and a rounded millisecond would let a window slip.

local STEPS = 60
local TOKEN = 1000000 -- the burst bucket's credit is kept in microseconds: one token is earned each second

local function exact(number)
  return string.format('%.0f', number)
end

local function step_at(key, number)
  local first, last, count = string.match(redis.call('HGET', key, exact(number)), '^(%d+):(%d+):(%d+)$')
  return {first = tonumber(first), last = tonumber(last), count = tonumber(count)}
end

local function read_tier(key, limit, window, burst, now)
  local stored = redis.call('HMGET', key, 'total', 'oldest', 'newest', 'credit', 'at')
  local tier = {key = key, limit = limit, window = window, burst = burst}
  tier.total = tonumber(stored[1]) or 0
  tier.stored_oldest = tonumber(stored[2]) or 1
  tier.newest = tonumber(stored[3]) or 0
  tier.oldest = tier.stored_oldest
  while tier.oldest <= tier.newest do
    local step = step_at(key, tier.oldest)
    if step.last + window > now then break end
    tier.total = tier.total - step.count
    tier.oldest = tier.oldest + 1
  end
  -- A clock that steps back neither earns credit nor loses it.
  local seen = tonumber(stored[5]) or now
  local credit = tonumber(stored[4]) or burst * TOKEN
  tier.credit = math.min(burst * TOKEN, credit + math.max(0, now - seen))
  tier.at = math.max(now, seen)
  return tier
end

-- Microseconds until at most `room` requests are counted.
local function wait_for_room(tier, room, now)
  if room < 0 then return tier.window + tier.burst * TOKEN end
  local total, wait = tier.total, 0
  local number = tier.oldest
  while total > room do
    local step = step_at(tier.key, number)
    total = total - step.count
    wait = step.last + tier.window - now
    number = number + 1
  end
  return wait
end

local function judge(tier, cost, now)
  local over = math.min(cost, math.max(0, tier.total + cost - tier.limit))
  local ceiling = tier.limit + tier.burst
  tier.price = over * TOKEN
  tier.fits = tier.price <= tier.credit and tier.total + cost <= ceiling
  tier.wait = 0
  if tier.fits then return end
  tier.wait = wait_for_room(tier, tier.limit - cost, now)
  if tier.price <= tier.burst * TOKEN then
    local by_burst = math.max(wait_for_room(tier, ceiling - cost, now), tier.price - tier.credit)
    tier.wait = math.min(tier.wait, by_burst)
  end
end

local function drop_old_steps(tier)
  local gone = {}
  for number = tier.stored_oldest, tier.oldest - 1 do
    gone[#gone + 1] = exact(number)
  end
  if #gone > 0 then redis.call('HDEL', tier.key, unpack(gone)) end
end

local function take(tier, cost, now)
  drop_old_steps(tier)
  local step = tier.oldest <= tier.newest and step_at(tier.key, tier.newest)
  if not step or now - step.first > tier.window / STEPS then
    step = {first = now, last = now, count = 0}
    tier.newest = tier.newest + 1
  end
  step.last = math.max(step.last, now)
  step.count = step.count + cost
  tier.total = tier.total + cost
  tier.credit = tier.credit - tier.price
  redis.call('HSET', tier.key,
    'total', exact(tier.total), 'oldest', exact(tier.oldest), 'newest', exact(tier.newest),
    'credit', exact(tier.credit), 'at', exact(tier.at),
    exact(tier.newest), exact(step.first) .. ':' .. exact(step.last) .. ':' .. exact(step.count))
  redis.call('PEXPIRE', tier.key, exact(math.ceil(math.max(tier.window, tier.burst * TOKEN) / 1000)))
end

local function row_of(tier, now)
  local frees_at = now
  if tier.oldest <= tier.newest then frees_at = step_at(tier.key, tier.oldest).last + tier.window end
  local draws = tier.price > 0 and 1 or 0
  return {tier.fits and 1 or 0, tier.total, math.floor(tier.credit / TOKEN), draws, tier.wait, frees_at}
end

local count, now, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local tiers, granted = {}, true
for i = 1, count do
  local at = 3 * i
  tiers[i] = read_tier(KEYS[i], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), now)
  judge(tiers[i], cost, now)
  granted = granted and tiers[i].fits
end

local rows, versions = {}, {}
for i, tier in ipairs(tiers) do
  if granted then take(tier, cost, now) end
  rows[i] = row_of(tier, now)
end
for i = count + 1, #KEYS do
  versions[i - count] = redis.call('GET', KEYS[i])
end
return {granted and 1 or 0, now, rows, versions}
