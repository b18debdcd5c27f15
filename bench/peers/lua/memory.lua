-- What is remembered of requests, by their ids, for 60 s, the last 8192 of them. Put before a
-- script that uses it: two filters share no globals, let alone two workers. A table from id to slot
-- and a ring of slots, an array for each field, so that no table is made for a request.
local CAPACITY, SECONDS = 8192, 60

local time = os.time
local slot_of, ids, expiry = {}, {}, {}
local traces, spans, sampled, tags = {}, {}, {}, {}
local last = 0

local function remember(id, trace, span, decision, tag)
  local slot = slot_of[id]
  if slot == nil then
    slot = last % CAPACITY + 1
    last = slot
    -- In this order: a table of 8192 entries is full, and each new one would have all of them
    -- hashed again (66 us a request instead of 8, 2026-11-21); one more entry, and it has 16384
    -- places, so that this is rare.
    slot_of[id] = slot
    local old = ids[slot]
    if old ~= nil then
      slot_of[old] = nil
    end
    ids[slot] = id
  end
  traces[slot], spans[slot], sampled[slot], tags[slot] = trace, span, decision, tag
  expiry[slot] = time() + SECONDS
end

-- The slot of an id, or nil.
local function recall(id)
  local slot = slot_of[id]
  if slot ~= nil and expiry[slot] > time() then
    return slot
  end
end
