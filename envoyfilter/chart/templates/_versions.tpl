{{/*
A route's versions, as src/render/versions.ts and istio/fallback.ts have them.
*/}}

{{/* Of a route, by name: name, labels, when. JSON array. */}}
{{- define "tagalong.versions" -}}
{{- $tag := .tag -}}
{{- $versions := list -}}
{{- range $name, $spec := .versions -}}
{{- if kindIs "map" $spec.labels -}}
{{- $when := dict -}}
{{- range $header, $value := $spec.when -}}{{- $_ := set $when (lower $header) $value -}}{{- end -}}
{{- $versions = append $versions (dict "name" $name "labels" $spec.labels "when" $when) -}}
{{- else -}}
{{- $versions = append $versions (dict "name" $name "labels" $spec "when" (dict (lower $tag) $name)) -}}
{{- end -}}
{{- end -}}
{{- $versions | toJson -}}
{{- end -}}

{{/* Fails where a route names a version that it has not, as src/render/istio/routes.ts does. A dict of index, route. */}}
{{- define "tagalong.checkRoute" -}}
{{- $route := .route -}}
{{- $wanted := keys $route.versions | sortAlpha | join ", " -}}
{{- $named := list (list "default" $route.default) -}}
{{- with $route.fallback -}}{{- $named = append $named (list "fallback" .) -}}{{- end -}}
{{- range $version, $_ := $route.faults | default dict -}}{{- $named = append $named (list "faults" $version) -}}{{- end -}}
{{- range $one := $named -}}
{{- if not (hasKey $route.versions (index $one 1)) -}}
{{- fail (printf "spec.routes[%d].%s: found %q, wanted one of versions: %s" (int $.index) (index $one 0) (index $one 1) $wanted) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Can a request have the tags of both? "yes" or nothing. A list of two `when`. */}}
{{- define "tagalong.compatible" -}}
{{- $other := index . 1 -}}
{{- $clash := false -}}
{{- range $tag, $value := index . 0 -}}
{{- if and (hasKey $other $tag) (ne (index $other $tag) $value) -}}{{- $clash = true -}}{{- end -}}
{{- end -}}
{{- if not $clash -}}yes{{- end -}}
{{- end -}}

{{/* Of a route, in the order of matching; the default only where another would catch its own. JSON array. */}}
{{- define "tagalong.taggedVersions" -}}
{{- $default := .default -}}
{{- $versions := include "tagalong.versions" . | fromJsonArray -}}
{{- $most := 0 -}}
{{- range $versions -}}{{- $most = max $most (len .when) -}}{{- end -}}
{{- $sorted := list -}}
{{- range $tags := untilStep (int $most) -1 -1 -}}
{{- range $versions -}}
{{- if eq (len .when) $tags -}}{{- $sorted = append $sorted . -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $needed := list -}}
{{- range $index, $version := $sorted -}}
{{- if ne $version.name $default -}}
{{- $needed = append $needed $version -}}
{{- else -}}
{{- $caught := false -}}
{{- range $later := slice $sorted (add1 $index) -}}
{{- if include "tagalong.compatible" (list $version.when $later.when) -}}{{- $caught = true -}}{{- end -}}
{{- end -}}
{{- if $caught -}}{{- $needed = append $needed $version -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $needed | toJson -}}
{{- end -}}

{{/*
How a version falls back: kind is none, priority (with labels and priority) or aggregate (with to).
A dict of route, version. JSON.
*/}}
{{- define "tagalong.fallback" -}}
{{- $route := .route -}}
{{- $version := .version -}}
{{- $fallback := $route.fallback | default "" -}}
{{- if or (eq $fallback "") (eq $fallback $version.name) -}}
{{- dict "kind" "none" | toJson -}}
{{- else -}}
{{- $versions := include "tagalong.versions" $route | fromJsonArray -}}
{{- $to := dict -}}
{{- range $versions -}}{{- if eq .name $fallback -}}{{- $to = . -}}{{- end -}}{{- end -}}
{{- $common := dict -}}
{{- $priority := list -}}
{{- range $key, $value := $version.labels -}}
{{- if eq (get $to.labels $key) $value -}}
{{- $_ := set $common $key $value -}}
{{- else -}}
{{- $priority = append $priority (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- end -}}
{{- $apart := true -}}
{{- range $other := $versions -}}
{{- if not (has $other.name (list $version.name $fallback)) -}}
{{- if include "tagalong.compatible" (list $common $other.labels) -}}{{- $apart = false -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if not $priority -}}
{{- dict "kind" "none" | toJson -}}
{{- else if $apart -}}
{{- dict "kind" "priority" "labels" $common "priority" $priority | toJson -}}
{{- else -}}
{{- dict "kind" "aggregate" "to" $to | toJson -}}
{{- end -}}
{{- end -}}
{{- end -}}
