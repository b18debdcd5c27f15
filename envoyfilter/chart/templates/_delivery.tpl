{{/*
How the module gets into the proxy, as src/render/delivery.ts has it.
*/}}

{{/* `vm_config.code` of Envoy. A dict of root, parts. JSON. */}}
{{- define "tagalong.code" -}}
{{- $delivery := .root.Values.spec.delivery | default dict -}}
{{- $code := $delivery.code | default "inline" -}}
{{- if eq (kindOf $code) "string" -}}
{{- dict "local" (dict "inline_bytes" (.root.Files.Get "files/tagalong.wasm" | b64enc)) | toJson -}}
{{- else if hasKey $code "file" -}}
{{- dict "local" (dict "filename" $code.file) | toJson -}}
{{- else if hasKey $code "configMap" -}}
{{- dict "local" (dict "filename" .parts.mountedModule) | toJson -}}
{{- else -}}
{{- $image := trimPrefix "oci://" ($code.oci | default "") -}}
{{- $uri := $code.http | default (printf "oci://%s" $image) -}}
{{- $remote := dict "http_uri" (merge (dict "uri" $uri) .parts.fetch) -}}
{{- if hasKey $code "http" -}}
{{- $_ := set $remote "sha256" .parts.sha256 -}}
{{- else if regexMatch "@sha256:[0-9a-f]{64}$" $image -}}
{{- $_ := set $remote "sha256" (regexFind "[0-9a-f]{64}$" $image) -}}
{{- end -}}
{{- dict "remote" $remote | toJson -}}
{{- end -}}
{{- end -}}

{{/* open, closed or reload; a module that is fetched is never to be reloaded. */}}
{{- define "tagalong.onFailure" -}}
{{- $delivery := .Values.spec.delivery | default dict -}}
{{- $wanted := $delivery.onFailure | default "reload" -}}
{{- $code := $delivery.code | default "inline" -}}
{{- $fetched := false -}}
{{- if kindIs "map" $code -}}{{- $fetched = or (hasKey $code "http") (hasKey $code "oci") -}}{{- end -}}
{{- ternary "open" $wanted (and $fetched (eq $wanted "reload")) -}}
{{- end -}}
