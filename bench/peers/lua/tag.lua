-- Whoever is of the group `internal` gets the tag `canary`. A write through the map clears the
-- route cache by itself.
function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:get("x-user-group") == "internal" then
    headers:replace("x-traffic-tag", "canary")
  end
end
