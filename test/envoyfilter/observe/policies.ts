// policies: what the tests of alerts and dashboards are about: a policy that uses all that is counted.

import { readPolicy } from '../../../envoyfilter/src/policy/policy.js';

export const ALL = readPolicy(`
apiVersion: tagalong/v1
kind: Policy
metadata: {name: all.of-it, namespace: shop}
spec:
  filters:
    - at: gateway
      tags:
        - header: x-traffic-tag
          rules:
            - {name: testers, when: {header: x-user-group, exact: internal}, value: canary}
            - {name: watched, value: canary, dryRun: true}
            - name: share
              percent: 50
              identity: [{cookie: uid}]
              mint: {cookie: tagalong_id, secure: false}
              value: canary
          default: stable
      limits:
        - {name: login, when: {path: {exact: /login}}, per: [{ip: true}], rate: 1/h, burst: 1}
    - at: sidecar
      tags: [{header: x-traffic-tag}]
      propagate: {headers: [x-traffic-tag]}
  routes:
    - host: reviews
      tag: x-traffic-tag
      versions: {stable: {version: v1}, canary: {version: v2}}
      default: stable
    - host: api.example.com
      tag: x-traffic-tag
      versions: {stable: {version: v1}, canary: {version: v2}}
      default: stable
`);

/** Tags and nothing else. */
export const TAGS = readPolicy(`
apiVersion: tagalong/v1
kind: Policy
metadata: {name: tags, namespace: shop}
spec:
  filters: [{at: gateway, tags: [{header: x-traffic-tag, default: stable}]}]
`);
