{{/*
Filter entries, as src/policy/policy.ts (filterEntries) and src/render/capabilities.ts have them.
*/}}

{{/* Every filter with what the wasm reads; a sidecar's entry comes as two. JSON array. */}}
{{- define "tagalong.entries" -}}
{{- $spec := .Values.spec -}}
{{- $namespace := include "tagalong.namespace" . -}}
{{- $policy := .Values.metadata.name -}}
{{- $entries := list -}}
{{- range $index, $filter := $spec.filters -}}
{{- $id := printf "%s/%s/%d" $namespace $policy $index -}}
{{- $mode := $filter.mode | default $spec.mode | default "enforce" -}}
{{- range $direction := ternary (list "inbound" "outbound") (list $filter.at) (eq $filter.at "sidecar") -}}
{{- $configuration := omit $filter "at" "namespace" "selector" "gateway" "mode" -}}
{{- $configuration = merge (dict "id" $id "direction" $direction "mode" $mode) $configuration -}}
{{- $entry := dict "id" $id "index" $index "direction" $direction "configuration" $configuration -}}
{{- $_ := set $entry "namespace" ($filter.namespace | default $namespace) -}}
{{- $_ := set $entry "selector" ($filter.selector | default dict) -}}
{{- if $filter.gateway -}}{{- $_ := set $entry "gateway" $filter.gateway -}}{{- end -}}
{{- $entries = append $entries $entry -}}
{{- end -}}
{{- end -}}
{{- $entries | toJson -}}
{{- end -}}

{{/* The host calls that a configuration may use, sorted. A dict of parts, configuration. */}}
{{- define "tagalong.capabilities" -}}
{{- $groups := .parts.capabilities -}}
{{- $c := .configuration -}}
{{- $wanted := $groups.always -}}
{{- if ne $c.mode "disabled" -}}
{{- $answers := false -}}
{{- $mints := false -}}
{{- range $c.tags -}}
{{- if eq (toString .echo) "true" -}}{{- $answers = true -}}{{- end -}}
{{- range .rules -}}
{{- if hasKey . "mint" -}}
{{- $mints = true -}}
{{- if ne (toString .dryRun) "true" -}}{{- $answers = true -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $c.limits -}}
{{- if eq (toString (dig "reply" "onSuccess" false .)) "true" -}}{{- $answers = true -}}{{- end -}}
{{- end -}}
{{- if or $c.tags $c.limits (hasKey $c "propagate") -}}{{- $wanted = concat $wanted $groups.request -}}{{- end -}}
{{- if and $answers (ne $c.mode "dryRun") -}}{{- $wanted = concat $wanted $groups.response -}}{{- end -}}
{{- if $c.limits -}}{{- $wanted = concat $wanted $groups.limit -}}{{- end -}}
{{- if $mints -}}{{- $wanted = concat $wanted $groups.mint -}}{{- end -}}
{{- if hasKey $c "propagate" -}}{{- $wanted = concat $wanted $groups.propagate -}}{{- end -}}
{{- end -}}
{{- $wanted | uniq | sortAlpha | toJson -}}
{{- end -}}
