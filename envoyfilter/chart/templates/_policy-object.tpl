{{/* An object that the policy has one of in each of some namespaces, printed. */}}
{{/* A dict of root, apiVersion, kind, name, namespaces, body. */}}
{{- define "tagalong.inEach" -}}
{{- $all := . -}}
{{- range $namespace := .namespaces -}}
{{- $metadata := include "tagalong.metadata" (dict "root" $all.root "name" $all.name "namespace" $namespace) | fromJson -}}
{{- $object := merge (dict "apiVersion" $all.apiVersion "kind" $all.kind "metadata" $metadata) $all.body -}}
{{- include "tagalong.object" (list $all.root $object) -}}
{{- end -}}
{{- end -}}
