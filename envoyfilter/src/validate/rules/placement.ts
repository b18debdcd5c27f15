// placement: rules about where filters run, and about several that meet in one proxy.

import { contradictionsIn } from '../../policy/contradictions.js';
import { type FilterSpec, filterEntries, type Policy } from '../../policy/policy.js';
import type { Placed, Report, Rule, Subject } from '../rule.js';
import { propagateOf } from '../sections.js';

/** What the filter reads at most. */
const CONFIGURATION_MAX = 256 << 10;

export const PLACEMENT_RULES: readonly Rule[] = [
  {
    id: 'gateway-without-namespace',
    severity: 'warning',
    title: 'A gateway in the namespace of the policy',
    why: 'Istio applies an EnvoyFilter to proxies of its own namespace only, and gateways commonly run in another one than services. Then nothing happens, and nobody says so.',
    mend: 'Write the namespace of the gateway pods: "namespace: istio-ingress". Where they do run in that of the policy, say so too.',
    example: {
      bad: 'filters: [{at: gateway, tags: [{header: x-a}]}]\n',
      good: 'filters: [{at: gateway, namespace: istio-ingress, tags: [{header: x-a}]}]\n',
    },
    check: ({ filters, policy }) =>
      filters
        .filter(({ spec }) => spec.at === 'gateway' && spec.namespace === undefined)
        .map(({ path }) => ({
          path: [...path, 'at'],
          message: `found a gateway without "namespace", wanted it: else the filter is for gateways in ${policy.metadata.namespace} alone`,
        })),
  },
  {
    id: 'gateway-and-selector',
    severity: 'error',
    title: 'A Gateway named beside something else',
    why: 'A Kubernetes Gateway is a target of its own: Istio takes it or labels, not both, and its proxies are gateways.',
    mend: 'Remove the selector, or the name of the Gateway; with it, write "at: gateway".',
    example: {
      bad: 'filters: [{at: gateway, namespace: edge, gateway: edge, selector: {app: edge}, tags: [{header: x-a}]}]\n',
      good: 'filters: [{at: gateway, namespace: edge, gateway: edge, tags: [{header: x-a}]}]\n',
    },
    check: ({ filters }) =>
      filters
        .filter(({ spec }) => spec.gateway !== undefined)
        .flatMap(({ path, spec }) => {
          const at = {
            path: [...path, 'at'],
            message: `found a Gateway at ${spec.at}, wanted "at: gateway"`,
          };
          const both = {
            path: [...path, 'selector'],
            message: 'found a selector beside "gateway", wanted one of them',
          };
          return [
            ...(spec.at === 'gateway' ? [] : [at]),
            ...(spec.selector === undefined ? [] : [both]),
          ];
        }),
  },
  {
    id: 'does-nothing',
    severity: 'warning',
    title: 'An entry without tags, limits and propagation',
    why: 'It costs a module in every proxy, and decides nothing.',
    mend: 'Give it a section, or remove it.',
    example: {
      bad: 'filters: [{at: inbound}]\n',
      good: 'filters: [{at: inbound, propagate: {}}]\n',
    },
    check: ({ filters }) =>
      filters
        .filter(({ spec }) => !hasWork(spec))
        .map(({ path }) => ({
          path,
          message:
            'found an entry that does nothing, wanted one of tags, limits and propagate in it',
        })),
  },
  {
    id: 'disabled',
    severity: 'info',
    title: 'Something that is switched off',
    why: 'It is loaded and does nothing: tags are neither decided nor stripped, limits let everything pass.',
    mend: 'Nothing, while that is meant. Else remove "mode".',
    example: {
      bad: 'filters: [{at: inbound, mode: disabled, propagate: {}}]\n',
      good: 'filters: [{at: inbound, mode: dryRun, propagate: {}}]\n',
    },
    check: ({ policy, filters }) => [
      ...(policy.spec.mode === 'disabled' ? [off(['spec', 'mode'], 'the policy')] : []),
      ...filters
        .filter(({ spec }) => spec.mode === 'disabled')
        .map(({ path }) => off([...path, 'mode'], 'the entry')),
    ],
  },
  {
    id: 'carry-at-gateway',
    severity: 'error',
    title: 'A way in past the gateway',
    why: 'An entry reads the tag from baggage too. A gateway that judges the header alone leaves the member of a client in place, and the next hop believes it.',
    mend: 'Write "carry: [baggage]" at the gateway too.',
    example: {
      bad: 'filters:\n  - {at: gateway, namespace: istio-ingress, tags: [{header: x-a}]}\n  - {at: sidecar, tags: [{header: x-a, carry: [baggage]}]}\n',
      good: 'filters:\n  - {at: gateway, namespace: istio-ingress, tags: [{header: x-a, carry: [baggage]}]}\n  - {at: sidecar, tags: [{header: x-a, carry: [baggage]}]}\n',
    },
    check: (subject) => contradictions(subject, 'carry'),
  },
  {
    id: 'capacity-differs',
    severity: 'error',
    title: 'One store with two sizes',
    why: 'All entries of a policy in a proxy share one store of remembered requests. With another number of slots one finds nothing of what the other has stored.',
    mend: 'Write the same "capacity" everywhere; 8192 is the default.',
    example: {
      bad: 'filters: [{at: inbound, propagate: {capacity: 64}}, {at: outbound, propagate: {}}]\n',
      good: 'filters: [{at: inbound, propagate: {capacity: 64}}, {at: outbound, propagate: {capacity: 64}}]\n',
    },
    check: (subject) => contradictions(subject, 'capacity'),
  },
  {
    id: 'propagate-one-way',
    severity: 'warning',
    title: 'Propagation in one direction',
    why: 'Inbound a request is remembered, outbound it is found again. One without the other has no effect.',
    mend: 'Use "at: sidecar", or add the entry for the other direction.',
    example: {
      bad: 'filters: [{at: inbound, propagate: {}}]\n',
      good: 'filters: [{at: inbound, propagate: {}}, {at: outbound, propagate: {}}]\n',
    },
    check: oneWay,
  },
  {
    id: 'too-large',
    severity: 'error',
    title: 'A configuration over 256 KiB',
    why: 'The filter refuses it as a whole; so large a text is also near the limits of kubectl apply and etcd.',
    mend: 'Split the entry, or use prefixes and regular expressions instead of long lists.',
    check: ({ policy, filters }) => filters.flatMap((filter) => tooLarge(policy, filter)),
  },
  {
    id: 'http-delivery',
    severity: 'info',
    title: 'A module that is fetched',
    why: 'The rendered resources hold the sha256 of the module of this installation: what another version serves at that address is refused, and requests pass untouched.',
    mend: 'Put the file `tagalong.wasm` of the same version there before the resources are applied.',
    example: {
      bad: 'filters: []\ndelivery: {code: {http: "https://example.com/tagalong.wasm"}}\n',
      good: 'filters: []\ndelivery: {code: inline}\n',
    },
    check: ({ policy }) => {
      const code = policy.spec.delivery?.code;
      if (typeof code !== 'object' || !('http' in code)) return [];
      const message = `found ${code.http}, wanted the module of this version there: its sha256 is rendered`;
      return [{ path: ['spec', 'delivery', 'code', 'http'], message }];
    },
  },
];

function hasWork(spec: FilterSpec): boolean {
  const { tags, limits, propagate } = spec;
  return (
    propagate !== undefined || [tags, limits].some((list) => Array.isArray(list) && list.length > 0)
  );
}

function off(path: Report['path'], what: string): Report {
  return { path, message: `found ${what} switched off, wanted that to be meant` };
}

function contradictions({ policy }: Subject, kind: 'carry' | 'capacity'): Report[] {
  return contradictionsIn(policy.spec.filters)
    .filter((contradiction) => contradiction.kind === kind)
    .map(({ path, found, wanted }) => ({ path, message: `found ${found}, wanted ${wanted}` }));
}

function oneWay({ filters, isWhole }: Subject): Report[] {
  const having = filters.filter((filter) => propagateOf(filter) !== undefined);
  const at = new Set(having.map(({ spec }) => spec.at));
  if (!isWhole || at.has('sidecar') || at.size !== 1) return [];
  const [direction] = at;
  const other = direction === 'inbound' ? 'outbound' : 'inbound';
  return having.map(({ path }) => ({
    path: [...path, 'propagate'],
    atKey: true,
    message: `found "propagate" at ${direction} alone, wanted it at ${other} too`,
  }));
}

function tooLarge(policy: Policy, { spec, path }: Placed<FilterSpec>): Report[] {
  const [entry] = filterEntries({ ...policy, spec: { ...policy.spec, filters: [spec] } });
  const size = Buffer.byteLength(JSON.stringify(entry?.configuration ?? {}));
  if (size <= CONFIGURATION_MAX) return [];
  const message = `found a configuration of ${Math.ceil(size / 1024)} KiB, wanted at most 256 KiB`;
  return [{ path, message }];
}
