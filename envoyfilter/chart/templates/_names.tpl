{{/*
Names of objects, as src/render/names.ts and route-names.ts make them: the two must agree.
Templates that make more than a text answer with JSON.
*/}}

{{/* A list of a text and of what it would be without its odd characters: one of both, at most 63. */}}
{{- define "tagalong.shortened" -}}
{{- $text := index . 0 -}}
{{- $ends := "^[^A-Za-z0-9]+|[^A-Za-z0-9]+$" -}}
{{- $trimmed := regexReplaceAll $ends (index . 1) "" -}}
{{- if and (eq $trimmed $text) (le (len $text) 63) (ne $text "") -}}
{{- $text -}}
{{- else -}}
{{- $hash := sha256sum $text | trunc 8 -}}
{{- $slug := regexReplaceAll $ends (trunc 54 $trimmed) "" -}}
{{- ternary $hash (printf "%s-%s" $slug $hash) (eq $slug "") -}}
{{- end -}}
{{- end -}}

{{- define "tagalong.dnsLabel" -}}
{{- include "tagalong.shortened" (list . (regexReplaceAll "[^a-z0-9]+" (lower .) "-")) -}}
{{- end -}}

{{- define "tagalong.labelValue" -}}
{{- include "tagalong.shortened" (list . (regexReplaceAll "[^A-Za-z0-9._-]+" . "-")) -}}
{{- end -}}

{{/* The policy's namespace. */}}
{{- define "tagalong.namespace" -}}
{{- .Values.metadata.namespace | default .Release.Namespace -}}
{{- end -}}

{{/* Metadata of an object. A dict of root, name, namespace. */}}
{{- define "tagalong.metadata" -}}
{{- $policy := printf "%s.%s" (include "tagalong.namespace" .root) .root.Values.metadata.name -}}
{{- $labels := dict "app.kubernetes.io/managed-by" "tagalong" "tagalong/policy" (include "tagalong.labelValue" $policy) -}}
{{- dict "name" .name "namespace" .namespace "labels" $labels | toJson -}}
{{- end -}}

{{/* Of an object that the policy has one of in a namespace. A list of root and part. */}}
{{- define "tagalong.policyObjectName" -}}
{{- printf "tagalong-%s-%s" (include "tagalong.dnsLabel" (index . 0).Values.metadata.name) (index . 1) -}}
{{- end -}}

{{/* A host as Istio resolves it. A list of root and host. */}}
{{- define "tagalong.fullHost" -}}
{{- $host := index . 1 -}}
{{- if or (contains "." $host) (eq $host "*") -}}
{{- $host -}}
{{- else -}}
{{- printf "%s.%s.svc.cluster.local" $host (include "tagalong.namespace" (index . 0)) -}}
{{- end -}}
{{- end -}}

{{/* The namespace of a Service by its full name; nothing for a host that is none. */}}
{{- define "tagalong.clusterNamespace" -}}
{{- if regexMatch "^[^.]+\\.[^.]+\\.svc\\.cluster\\.local$" . -}}
{{- index (splitList "." .) 1 -}}
{{- end -}}
{{- end -}}

{{/* NAMESPACE/HOST/VERSION. A list of root, host, version. */}}
{{- define "tagalong.versionRouteName" -}}
{{- printf "%s/%s/%s" (include "tagalong.namespace" (index . 0)) (index . 1) (index . 2) -}}
{{- end -}}

{{/* The namespaces of the policy, its own first. A list of root, and of `sidecars` or `all`. */}}
{{- define "tagalong.namespaces" -}}
{{- $root := index . 0 -}}
{{- $which := index . 1 -}}
{{- $own := include "tagalong.namespace" $root -}}
{{- $namespaces := list $own -}}
{{- range $root.Values.spec.filters -}}
{{- if or (eq $which "all") (ne .at "gateway") -}}
{{- $namespaces = append $namespaces (.namespace | default $own) -}}
{{- end -}}
{{- end -}}
{{- $namespaces | uniq | toJson -}}
{{- end -}}

{{/* Is a namespace staged? "yes" or nothing. A list of root and of its name. */}}
{{- define "tagalong.staged" -}}
{{- $staged := (index . 0).Values.namespaces | default dict -}}
{{- $namespace := index . 1 -}}
{{- $include := $staged.include | default list -}}
{{- if and (or (empty $include) (has $namespace $include)) (not (has $namespace ($staged.exclude | default list))) -}}yes{{- end -}}
{{- end -}}

{{/* Objects of a namespace that is not yet staged are left out. A list of root and of an object. */}}
{{- define "tagalong.object" -}}
{{- $object := index . 1 -}}
{{- if include "tagalong.staged" (list (index . 0) $object.metadata.namespace) }}
---
{{ toYaml $object }}
{{ end -}}
{{- end -}}
