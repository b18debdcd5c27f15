-- The store's way out: a request that brings no trace gets what is remembered under its id. One
-- that does is remembered, since no other filter could do that for this one.
local function restore(headers, slot)
  headers:add("x-b3-traceid", traces[slot])
  if spans[slot] ~= nil then
    headers:add("x-b3-spanid", spans[slot])
  end
  if sampled[slot] ~= nil then
    headers:add("x-b3-sampled", sampled[slot])
  end
  if tags[slot] ~= nil then
    headers:replace("x-traffic-tag", tags[slot])
  end
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local id = headers:get("x-request-id")
  if id == nil then
    return
  end
  local trace = headers:get("x-b3-traceid")
  if trace == nil then
    local slot = recall(id)
    if slot ~= nil then
      restore(headers, slot)
    end
    return
  end
  local span, decision = headers:get("x-b3-spanid"), headers:get("x-b3-sampled")
  remember(id, trace, span, decision, headers:get("x-traffic-tag"))
end
