{{/*
An entry's EnvoyFilter, as src/render/istio/envoyfilter.ts makes it. What is the same in all of them comes
from there, as files/parts.json.
*/}}

{{/* A dict of root, parts, entry. JSON. */}}
{{- define "tagalong.envoyFilter" -}}
{{- $root := .root -}}
{{- $parts := .parts -}}
{{- $entry := .entry -}}
{{- $name := printf "%s/%s" $entry.id $entry.direction -}}
{{- $object := deepCopy $parts.envoyFilter -}}
{{- $objectName := printf "tagalong-%s-%d-%s" (include "tagalong.dnsLabel" $root.Values.metadata.name) (int $entry.index) $entry.direction -}}
{{- $_ := set $object "metadata" (include "tagalong.metadata" (dict "root" $root "name" $objectName "namespace" $entry.namespace) | fromJson) -}}
{{- $_ := set $object.spec "priority" (mul $parts.envoyFilter.spec.priority (add1 (int $entry.index))) -}}
{{- if $entry.gateway -}}
{{- $target := dict "group" "gateway.networking.k8s.io" "kind" "Gateway" "name" $entry.gateway -}}
{{- $_ := set $object.spec "targetRefs" (list $target) -}}
{{- else if $entry.selector -}}
{{- $_ := set $object.spec "workloadSelector" (dict "labels" $entry.selector) -}}
{{- end -}}
{{- $context := index (dict "gateway" "GATEWAY" "inbound" "SIDECAR_INBOUND" "outbound" "SIDECAR_OUTBOUND") $entry.direction -}}

{{- $extension := index $object.spec.configPatches 0 -}}
{{- $_ := set $extension.patch "value" (include "tagalong.extension" (dict "root" $root "parts" $parts "entry" $entry "name" $name "value" $extension.patch.value) | fromJson) -}}
{{- $inserted := index $object.spec.configPatches 1 -}}
{{- range dig "routes" list $root.Values.spec -}}
{{- if .faults -}}{{- $_ := set $inserted.match.listener.filterChain.filter.subFilter "name" "envoy.filters.http.fault" -}}{{- end -}}
{{- end -}}
{{- $filters := include "tagalong.limitGuard" . | fromJsonArray -}}
{{- $filters = append $filters (merge (dict "name" $name) $inserted.patch.value) -}}
{{- $filters = concat $filters (include "tagalong.limitFilters" . | fromJsonArray) -}}
{{- $patches := list $extension -}}
{{- range $filters -}}
{{- $patch := deepCopy $inserted -}}
{{- $_ := set $patch.patch "value" . -}}
{{- $patches = append $patches $patch -}}
{{- end -}}
{{- range $patches -}}{{- $_ := set .match "context" $context -}}{{- end -}}
{{- $_ := set $object.spec "configPatches" $patches -}}
{{- $object | toJson -}}
{{- end -}}

{{/* The TypedExtensionConfig. A dict of root, parts, entry, name, value. JSON. */}}
{{- define "tagalong.extension" -}}
{{- $capabilities := include "tagalong.capabilities" (dict "parts" .parts "configuration" .entry.configuration) | fromJsonArray -}}
{{- $value := .value -}}
{{- $_ := set $value "name" .name -}}
{{- $plugin := $value.typed_config.config -}}
{{- $_ := set $plugin "name" .entry.id -}}
{{- $onFailure := include "tagalong.onFailure" .root -}}
{{- $_ := set $plugin "failure_policy" (printf "FAIL_%s" (upper $onFailure)) -}}
{{- if ne $onFailure "reload" -}}{{- $_ := unset $plugin "reload_config" -}}{{- end -}}
{{- $vm := $plugin.vm_config -}}
{{- $_ := set $vm "code" (include "tagalong.code" . | fromJson) -}}
{{- $hash := join "\n" $capabilities | sha256sum | trunc 16 -}}
{{- $vmConfiguration := dict "id" .entry.id "direction" .entry.direction "caps" $hash "strict" true -}}
{{- $_ := set $vm.configuration "value" (toJson $vmConfiguration) -}}
{{- $allowed := dict -}}
{{- range $capabilities -}}{{- $_ := set $allowed . dict -}}{{- end -}}
{{- $holder := ternary $vm $plugin (hasKey $vm "capability_restriction_config") -}}
{{- $_ := set $holder "capability_restriction_config" (dict "allowed_capabilities" $allowed) -}}
{{- $_ := set $plugin.configuration "value" (toJson .entry.configuration) -}}
{{- $value | toJson -}}
{{- end -}}
