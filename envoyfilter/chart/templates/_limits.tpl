{{/*
Limits of scope global, as src/render/rate-limit-filters.ts makes them. What is the same in all of
them comes from there, as files/parts.json. Each takes a dict of root, parts, entry.
*/}}

{{/* JSON array. */}}
{{- define "tagalong.globalLimits" -}}
{{- $limits := list -}}
{{- if ne .entry.configuration.mode "disabled" -}}
{{- range .entry.configuration.limits -}}
{{- if eq (toString .scope) "global" -}}{{- $limits = append $limits . -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $limits | toJson -}}
{{- end -}}

{{/* The filter that takes the hand-over headers away. A dict of parts, name, limits. JSON. */}}
{{- define "tagalong.limitRemoval" -}}
{{- $filter := deepCopy .parts.limits.removal -}}
{{- $_ := set $filter "name" .name -}}
{{- $mutations := list -}}
{{- range .limits -}}
{{- $mutations = append $mutations (dict "remove" (printf "x-tagalong-limit-%s" (lower .name))) -}}
{{- end -}}
{{- $_ := set $filter.typed_config.mutations "request_mutations" $mutations -}}
{{- $filter | toJson -}}
{{- end -}}

{{/* What stands before the wasm. JSON array. */}}
{{- define "tagalong.limitGuard" -}}
{{- $limits := include "tagalong.globalLimits" . | fromJsonArray -}}
{{- $filters := list -}}
{{- if $limits -}}
{{- $name := printf "%s/limits/guard" .entry.id -}}
{{- $filters = list (include "tagalong.limitRemoval" (dict "parts" .parts "name" $name "limits" $limits) | fromJson) -}}
{{- end -}}
{{- $filters | toJson -}}
{{- end -}}

{{/* What stands behind the wasm. JSON array. */}}
{{- define "tagalong.limitFilters" -}}
{{- $limits := include "tagalong.globalLimits" . | fromJsonArray -}}
{{- $filters := list -}}
{{- $all := . -}}
{{- if $limits -}}
{{- if ne .entry.configuration.mode "dryRun" -}}
{{- range $limits -}}
{{- $filters = append $filters (include "tagalong.limitFilter" (merge (dict "limit" .) $all) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- $name := printf "%s/limits" .entry.id -}}
{{- $filters = append $filters (include "tagalong.limitRemoval" (dict "parts" .parts "name" $name "limits" $limits) | fromJson) -}}
{{- end -}}
{{- $filters | toJson -}}
{{- end -}}

{{/* As above, and limit. JSON. */}}
{{- define "tagalong.limitFilter" -}}
{{- $limit := .limit -}}
{{- $name := lower $limit.name -}}
{{- $service := required "spec.rateLimitService: found none, wanted {host: ...}, since there are limits of scope global" .root.Values.spec.rateLimitService -}}
{{- $host := include "tagalong.fullHost" (list .root $service.host) -}}
{{- $dryRun := eq (toString $limit.dryRun) "true" -}}
{{- $filter := deepCopy (ternary .parts.limits.watching .parts.limits.enforcing $dryRun) -}}
{{- $_ := set $filter "name" (printf "%s/limits/%s" .entry.id $name) -}}
{{- $config := $filter.typed_config -}}
{{- $_ := set $config "domain" (printf "%s/%s" (include "tagalong.namespace" .root) .root.Values.metadata.name) -}}
{{- $_ := set $config "stat_prefix" $name -}}
{{- $actions := (index $config.rate_limits 0).actions -}}
{{- $_ := set (index $actions 0).generic_key "descriptor_value" $name -}}
{{- $_ := set (index $actions 1).request_headers "header_name" (printf "x-tagalong-limit-%s" $name) -}}
{{- $grpc := $config.rate_limit_service.grpc_service.envoy_grpc -}}
{{- $_ := set $grpc "cluster_name" (printf "outbound|%d||%s" (int ($service.port | default 8081)) $host) -}}
{{- $_ := set $grpc "authority" $host -}}
{{- with $service.timeout -}}
{{- $unit := index (dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0) (regexFind "[a-z]+$" .) -}}
{{- $_ := set $config "timeout" (printf "%vs" (mulf (regexFind "^[0-9]+" .) $unit)) -}}
{{- end -}}
{{- if not $dryRun -}}
{{- $_ := set $config "failure_mode_deny" (eq (toString $limit.onServiceFailure) "reject") -}}
{{- $_ := set $config.rate_limited_status "code" (dig "reject" "status" 429 $limit) -}}
{{- $headers := list -}}
{{- range $header, $value := dig "reject" "headers" dict $limit -}}
{{- $headers = append $headers (dict "name" $header "value" (replace "%" "%%" $value)) -}}
{{- end -}}
{{- $rate := splitList "/" $limit.rate -}}
{{- $window := index (dict "s" 1 "m" 60 "h" 3600) (index $rate 1) -}}
{{- $reset := "%RESP(x-ratelimit-reset)%" -}}
{{- $headers = append $headers (dict "name" "retry-after" "value" $reset) -}}
{{- $headers = append $headers (dict "name" "ratelimit" "value" (printf "%q;r=0;t=%s" $limit.name $reset)) -}}
{{- $headers = append $headers (dict "name" "ratelimit-policy" "value" (printf "%q;q=%d;w=%d" $limit.name (int (index $rate 0)) $window)) -}}
{{- $added := list -}}
{{- range $headers -}}
{{- $added = append $added (dict "header" (dict "key" .name "value" .value) "append_action" "OVERWRITE_IF_EXISTS_OR_ADD") -}}
{{- end -}}
{{- $_ := set $config "response_headers_to_add" $added -}}
{{- end -}}
{{- $filter | toJson -}}
{{- end -}}
