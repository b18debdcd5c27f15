{{/*
Routes, as src/render/istio/virtual-service.ts and destination-rule.ts make them.
*/}}

{{/* A dict of root, route, version, and when if the route has one. JSON. */}}
{{- define "tagalong.httpRoute" -}}
{{- $route := .route -}}
{{- $version := .version -}}
{{- $http := dict "name" (include "tagalong.versionRouteName" (list .root $route.host $version.name)) -}}
{{- if hasKey . "when" -}}
{{- $headers := dict -}}
{{- range $header, $value := .when -}}{{- $_ := set $headers $header (dict "exact" $value) -}}{{- end -}}
{{- $_ := set $http "match" (list (dict "headers" $headers)) -}}
{{- end -}}
{{- $fault := get ($route.faults | default dict) $version.name -}}
{{- if $fault -}}
{{- $injected := dict -}}
{{- with $fault.delay -}}
{{- $percent := ternary .percent 100 (hasKey . "percent") -}}
{{- $_ := set $injected "delay" (dict "percentage" (dict "value" $percent) "fixedDelay" .fixed) -}}
{{- end -}}
{{- with $fault.abort -}}
{{- $percent := ternary .percent 100 (hasKey . "percent") -}}
{{- $_ := set $injected "abort" (dict "percentage" (dict "value" $percent) "httpStatus" .status) -}}
{{- end -}}
{{- $_ := set $http "fault" $injected -}}
{{- end -}}
{{- $destination := dict "host" $route.host "subset" (include "tagalong.dnsLabel" $version.name) -}}
{{- $_ := set $http "route" (list (dict "destination" $destination)) -}}
{{- with $route.timeout -}}{{- $_ := set $http "timeout" . -}}{{- end -}}
{{- $fallback := $route.fallback | default $version.name -}}
{{- $falls := ne $fallback $version.name -}}
{{- if or $falls $route.retries -}}
{{- $given := $route.retries | default dict -}}
{{- $retries := dict "attempts" (ternary $given.attempts 2 (hasKey $given "attempts")) -}}
{{- with $given.perTryTimeout -}}{{- $_ := set $retries "perTryTimeout" . -}}{{- end -}}
{{- $_ := set $retries "retryOn" (join "," ($given.retryOn | default (list "connect-failure" "refused-stream"))) -}}
{{- if $falls -}}{{- $_ := set $retries "retryRemoteLocalities" true -}}{{- end -}}
{{- $_ := set $http "retries" $retries -}}
{{- end -}}
{{- $http | toJson -}}
{{- end -}}

{{/* A dict of root, route. JSON. */}}
{{- define "tagalong.virtualService" -}}
{{- $root := .root -}}
{{- $route := .route -}}
{{- $http := list -}}
{{- range include "tagalong.taggedVersions" $route | fromJsonArray -}}
{{- $http = append $http (include "tagalong.httpRoute" (dict "root" $root "route" $route "version" . "when" .when) | fromJson) -}}
{{- end -}}
{{- range include "tagalong.versions" $route | fromJsonArray -}}
{{- if eq .name $route.default -}}
{{- $http = append $http (include "tagalong.httpRoute" (dict "root" $root "route" $route "version" .) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- $spec := dict "hosts" (list $route.host) "gateways" ($route.gateways | default (list "mesh")) "http" $http -}}
{{- include "tagalong.routeObject" (dict "root" $root "route" $route "kind" "VirtualService" "spec" $spec) -}}
{{- end -}}

{{/* A dict of root, route, kind, spec; namespace: default the policy's. JSON. */}}
{{- define "tagalong.routeObject" -}}
{{- $name := printf "tagalong-%s" (include "tagalong.dnsLabel" .route.host) -}}
{{- $namespace := .namespace | default (include "tagalong.namespace" .root) -}}
{{- $metadata := include "tagalong.metadata" (dict "root" .root "name" $name "namespace" $namespace) | fromJson -}}
{{- dict "apiVersion" "networking.istio.io/v1" "kind" .kind "metadata" $metadata "spec" .spec | toJson -}}
{{- end -}}

{{/* A dict of root, route. JSON. */}}
{{- define "tagalong.destinationRule" -}}
{{- $route := .route -}}
{{- $spec := dict "host" $route.host -}}
{{- $policy := dict -}}
{{- if hasKey $route "connection" -}}
{{- $given := $route.connection | default dict -}}
{{- $http := dict "idleTimeout" ($given.idleTimeout | default "4s") -}}
{{- if hasKey $given "maxRequestsPerConnection" -}}
{{- $_ := set $http "maxRequestsPerConnection" $given.maxRequestsPerConnection -}}
{{- end -}}
{{- $pool := dict "http" $http -}}
{{- $tcp := dict -}}
{{- with $given.connectTimeout -}}{{- $_ := set $tcp "connectTimeout" . -}}{{- end -}}
{{- if hasKey $given "keepalive" -}}
{{- $_ := set $tcp "tcpKeepalive" (pick ($given.keepalive | default dict) "time" "interval" "probes") -}}
{{- end -}}
{{- if $tcp -}}{{- $_ := set $pool "tcp" $tcp -}}{{- end -}}
{{- $_ := set $policy "connectionPool" $pool -}}
{{- end -}}
{{- if hasKey $route "outlierDetection" -}}
{{- $_ := set $policy "outlierDetection" (include "tagalong.outliers" (list ($route.outlierDetection | default dict) 10) | fromJson) -}}
{{- end -}}
{{- if $policy -}}{{- $_ := set $spec "trafficPolicy" $policy -}}{{- end -}}
{{- $subsets := list -}}
{{- range $version := include "tagalong.versions" $route | fromJsonArray -}}
{{- $subset := dict "name" (include "tagalong.dnsLabel" $version.name) "labels" $version.labels -}}
{{- $fallback := include "tagalong.fallback" (dict "route" $route "version" $version) | fromJson -}}
{{- if ne $fallback.kind "none" -}}
{{- $outliers := include "tagalong.outliers" (list ($route.outlierDetection | default dict) 100) | fromJson -}}
{{- $_ := set $outliers "splitExternalLocalOriginErrors" true -}}
{{- $_ := set $outliers "consecutiveLocalOriginFailures" 1 -}}
{{- $_ := set $outliers "minHealthPercent" 1 -}}
{{- $own := dict "outlierDetection" $outliers -}}
{{- if eq $fallback.kind "priority" -}}
{{- $_ := set $subset "labels" $fallback.labels -}}
{{- $setting := dict "enabled" true "failoverPriority" $fallback.priority -}}
{{- $_ := set $own "loadBalancer" (dict "localityLbSetting" $setting) -}}
{{- end -}}
{{- $_ := set $subset "trafficPolicy" $own -}}
{{- end -}}
{{- $subsets = append $subsets $subset -}}
{{- end -}}
{{- $_ := set $spec "subsets" $subsets -}}
{{- $namespace := include "tagalong.clusterNamespace" (include "tagalong.fullHost" (list .root $route.host)) -}}
{{- include "tagalong.routeObject" (dict "root" .root "route" $route "kind" "DestinationRule" "namespace" $namespace "spec" $spec) -}}
{{- end -}}

{{/* A list of outlierDetection, and of the percentage that may be ejected by default. JSON. */}}
{{- define "tagalong.outliers" -}}
{{- $given := index . 0 -}}
{{- $outliers := dict "consecutive5xxErrors" 0 -}}
{{- $_ := set $outliers "consecutiveGatewayErrors" (ternary $given.consecutiveErrors 5 (hasKey $given "consecutiveErrors")) -}}
{{- $_ := set $outliers "interval" ($given.interval | default "10s") -}}
{{- $_ := set $outliers "baseEjectionTime" ($given.baseEjectionTime | default "30s") -}}
{{- $_ := set $outliers "maxEjectionPercent" (ternary $given.maxEjectionPercent (index . 1) (hasKey $given "maxEjectionPercent")) -}}
{{- $outliers | toJson -}}
{{- end -}}

{{/* The patches of versions that only an aggregate cluster lets fall back. JSON array. */}}
{{- define "tagalong.aggregates" -}}
{{- $root := . -}}
{{- $patches := list -}}
{{- range $route := .Values.spec.routes -}}
{{- if hasKey $route "port" -}}
{{- $host := include "tagalong.fullHost" (list $root $route.host) -}}
{{- $port := int $route.port -}}
{{- range $version := include "tagalong.versions" $route | fromJsonArray -}}
{{- $fallback := include "tagalong.fallback" (dict "route" $route "version" $version) | fromJson -}}
{{- if eq $fallback.kind "aggregate" -}}
{{- $clusters := list -}}
{{- range list $version.name $fallback.to.name -}}
{{- $clusters = append $clusters (printf "outbound|%d|%s|%s" $port (include "tagalong.dnsLabel" .) $host) -}}
{{- end -}}
{{- $name := include "tagalong.versionRouteName" (list $root $route.host $version.name) -}}
{{- $cluster := printf "tagalong/%s" $name -}}
{{- $config := dict "@type" "type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig" "clusters" $clusters -}}
{{- $type := dict "name" "envoy.clusters.aggregate" "typed_config" $config -}}
{{- $aggregate := dict "name" $cluster "connect_timeout" "1s" "lb_policy" "CLUSTER_PROVIDED" "cluster_type" $type -}}
{{- $_ := set $aggregate "circuit_breakers" (dict "thresholds" (list (dict "max_retries" 4294967295))) -}}
{{- range $context := list "SIDECAR_OUTBOUND" "GATEWAY" -}}
{{- $add := dict "operation" "ADD" "value" $aggregate -}}
{{- $patches = append $patches (dict "applyTo" "CLUSTER" "match" (dict "context" $context) "patch" $add) -}}
{{- $match := dict "context" $context "routeConfiguration" (dict "vhost" (dict "route" (dict "name" $name))) -}}
{{- $merge := dict "operation" "MERGE" "value" (dict "route" (dict "cluster" $cluster)) -}}
{{- $patches = append $patches (dict "applyTo" "HTTP_ROUTE" "match" $match "patch" $merge) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $patches | toJson -}}
{{- end -}}
