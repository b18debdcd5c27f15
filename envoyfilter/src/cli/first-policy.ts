// first-policy: what `tagalong init` writes: a policy that validates without a finding.

export const FIRST_POLICY = `# A policy of Tagalong: tags for canary routing, trace propagation, rate limits.
#   tagalong validate FILE     what is wrong with it
#   tagalong explain -f FILE   what it does to a request, and why
#   tagalong render FILE --as envoyfilter | kubectl apply -f -
apiVersion: tagalong/v1
kind: Policy
metadata:
  name: shop
  namespace: shop # where the services are

spec:
  mode: enforce # dryRun decides and counts, and changes nothing; disabled does nothing

  filters:
    # At the edge it is decided what a request is.
    - at: gateway
      namespace: istio-ingress # where the gateway's pods run
      selector: { istio: ingressgateway }
      paths: { ignoreCase: true } # /LOGIN is /login, as many services have it
      tags:
        - header: x-traffic-tag
          incoming: strip # what a client sends is not believed
          rules: # the first that matches decides
            - name: beta
              when: { cookie: beta, present: true }
              value: canary
            - name: ten-percent # sticky; raising it keeps those who are in
              when: { path: { prefix: /checkout } }
              percent: 10
              identity: [{ cookie: uid }, { header: x-user-id }] # the first that is there
              mint: { cookie: tagalong_id } # who has none is given one
              value: canary
          default: stable
      limits:
        - name: login
          when: { path: { exact: /login }, method: [POST] }
          per: [{ ip: true }] # a bucket for each client
          rate: 10/m
          burst: 5
          dryRun: true # counts what it would reject; remove the line to enforce it

    # Inside, the tag and the trace headers travel along, also through services that forward
    # nothing but x-request-id.
    - at: sidecar
      tags:
        - header: x-traffic-tag
          incoming: trust
      propagate: {}

  routes: # where the tag leads
    - host: reviews
      tag: x-traffic-tag
      versions:
        stable: { version: v1 } # labels of the pods
        canary: { version: v2 }
      default: stable # of requests without a tag, and of tags that no version is for
      fallback: stable # while a version has no healthy endpoint
`;
