-- The store's way in: every request is remembered.
function envoy_on_request(handle)
  local headers = handle:headers()
  local id = headers:get("x-request-id")
  if id ~= nil then
    remember(
      id,
      headers:get("x-b3-traceid"),
      headers:get("x-b3-spanid"),
      headers:get("x-b3-sampled"),
      headers:get("x-traffic-tag")
    )
  end
end
