-- tag.lua and store.lua in one function, which costs less than two filters; the tag that is
-- remembered is the one just given.
function envoy_on_request(handle)
  local headers = handle:headers()
  local tag
  if headers:get("x-user-group") == "internal" then
    tag = "canary"
    headers:replace("x-traffic-tag", tag)
  else
    tag = headers:get("x-traffic-tag")
  end
  local id = headers:get("x-request-id")
  if id ~= nil then
    remember(
      id,
      headers:get("x-b3-traceid"),
      headers:get("x-b3-spanid"),
      headers:get("x-b3-sampled"),
      tag
    )
  end
end
