// requests: rules about what is read of a request: addresses, hosts, headers.

import { isIP, isIPv4 } from 'node:net';
import type { Path } from '../../policy/place.js';
import type { FilterSpec } from '../../policy/policy.js';
import type { Placed, Report, Rule, Subject } from '../rule.js';
import { allLimits, allTags, allWhens, nested, propagateOf, rulesOf } from '../sections.js';
import { quoted } from '../words.js';

const when = (condition: string, at = 'gateway\n    namespace: istio-ingress') =>
  `filters:\n  - at: ${at}\n    tags: [{header: x-a, rules: [{value: b, when: ${condition}}]}]\n`;

export const REQUEST_RULES: readonly Rule[] = [
  {
    id: 'ip-can-be-forged',
    severity: 'warning',
    title: 'An address that any caller in the mesh can choose',
    why: "A sidecar's inbound listener takes the last entry of x-forwarded-for for the client, and that header is the caller's to write. On the way out the client is always the pod itself.",
    mend: 'Ask for the address at the gateway, and inside the mesh for a tag or a header that the gateway decides.',
    example: {
      bad: 'filters: [{at: inbound, limits: [{name: a, rate: 1/s, per: [{ip: true}]}]}]\n',
      good: 'filters: [{at: gateway, namespace: istio-ingress, limits: [{name: a, rate: 1/s, per: [{ip: true}]}]}]\n',
    },
    check: forgedAddresses,
  },
  {
    id: 'bad-address',
    severity: 'error',
    title: 'No address and no network',
    why: 'The filter refuses it. An IPv6 address stands without brackets and without a port; 010.0.0.1 is 10.0.0.1 to some and 8.0.0.1 to others.',
    mend: 'Write 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32.',
    example: {
      bad: when('{ip: ["[2001:db8::1]"]}'),
      good: when('{ip: ["2001:db8::1", 10.0.0.0/8]}'),
    },
    check: (subject) =>
      conditions(subject).flatMap(({ when: { ip = [] }, path }) =>
        ip.flatMap((text, index) => addressFault(text, [...path, 'ip', index])),
      ),
  },
  {
    id: 'host-never-matches',
    severity: 'warning',
    title: 'A host that no request has',
    why: 'Hosts are compared without port, scheme and path; an IPv6 address keeps its brackets there.',
    mend: 'Write the name alone: example.com, or [2001:db8::1].',
    example: {
      bad: when('{host: {exact: "example.com:8080"}}'),
      good: when('{host: {in: [example.com, "[2001:db8::1]"]}}'),
    },
    check: (subject) =>
      conditions(subject).flatMap(({ when: { host }, path }) => {
        const { exact, in: list = [] } = host ?? {};
        return [
          ...(exact === undefined ? [] : hostFault(exact, [...path, 'host', 'exact'])),
          ...list.flatMap((text, index) => hostFault(text, [...path, 'host', 'in', index])),
        ];
      }),
  },
  {
    id: 'path-never-matches',
    severity: 'warning',
    title: 'A path that no request has',
    why: 'Paths begin with a slash, also those that a gateway has rewritten.',
    mend: 'Write /checkout instead of checkout, or use "contains" or "suffix".',
    example: {
      bad: when('{path: {prefix: checkout}}'),
      good: when('{path: {prefix: /checkout}}'),
    },
    check: (subject) =>
      conditions(subject).flatMap(({ when: { path: condition = {} }, path }) =>
        (['exact', 'prefix', 'in'] as const).flatMap((key) =>
          [condition[key] ?? []].flat().flatMap((text, index) => {
            // OPTIONS * has this one.
            if (text.startsWith('/') || text === '*') return [];
            const at = [...path, 'path', key, ...(key === 'in' ? [index] : [])];
            const message = `found the path ${quoted(text)}, wanted one that begins with a slash`;
            return [{ path: at, message, hint: `write ${quoted(`/${text}`)}` }];
          }),
        ),
      ),
  },
  {
    id: 'method-never-matches',
    severity: 'warning',
    title: 'A method in small letters',
    why: 'Methods are compared with their case, and clients send GET, not get.',
    mend: 'Write it in capital letters.',
    example: { bad: when('{method: [post]}'), good: when('{method: [POST]}') },
    check: (subject) =>
      conditions(subject).flatMap(({ when: { method = [] }, path }) =>
        method.flatMap((name, index) => {
          const wanted = name.toUpperCase();
          if (name === wanted) return [];
          const message = `found the method ${quoted(name)}, wanted ${quoted(wanted)}: case counts`;
          return [{ path: [...path, 'method', index], message }];
        }),
      ),
  },
  {
    id: 'odd-header',
    severity: 'warning',
    title: 'A header that does not get through everywhere',
    why: 'Gateways drop or reject names with an underscore (headers_with_underscores_action), and applications behind CGI or WSGI take x_tag for x-tag. x-envoy-* is removed from what comes from outside. x-tagalong-* is ours.',
    mend: 'Name it with - and a beginning of your own, such as x-traffic-tag.',
    example: {
      bad: 'filters: [{at: inbound, tags: [{header: x_traffic_tag}]}]\n',
      good: 'filters: [{at: inbound, tags: [{header: x-traffic-tag}]}]\n',
    },
    check: oddHeaders,
  },
  {
    id: 'stripped-before',
    severity: 'warning',
    title: 'A condition on a header that is gone by then',
    why: 'Tags that are stripped are removed before any condition is evaluated, also those of other tags.',
    mend: 'Ask for what was decided instead: tag: {NAME: value}, in a tag that stands further down.',
    example: {
      bad: 'filters:\n  - at: gateway\n    namespace: istio-ingress\n    tags: [{header: x-stage}, {header: x-b, rules: [{value: c, when: {header: x-stage, exact: pre}}]}]\n',
      good: 'filters:\n  - at: gateway\n    namespace: istio-ingress\n    tags: [{header: x-stage}, {header: x-b, rules: [{value: c, when: {tag: {x-stage: pre}}}]}]\n',
    },
    check: strippedBefore,
  },
];

function conditions(subject: Subject) {
  return allWhens(subject).flatMap(({ when: condition, path, filter }) =>
    [...nested(condition, path)].map((inner) => ({ ...inner, filter })),
  );
}

function forgedAddresses(subject: Subject): Report[] {
  const asked: { path: Path; filter: Placed<FilterSpec>; what: string }[] = [
    ...allTags(subject)
      .flatMap(rulesOf)
      .flatMap(({ spec, path, filter }) =>
        (spec.identity ?? []).flatMap(({ ip }, index) =>
          ip === undefined
            ? []
            : { path: [...path, 'identity', index, 'ip'], filter, what: 'an identity' },
        ),
      ),
    ...allLimits(subject).flatMap(({ spec, path, filter }) =>
      (spec.per ?? []).flatMap(({ ip }, index) =>
        ip === undefined ? [] : { path: [...path, 'per', index, 'ip'], filter, what: 'a limit' },
      ),
    ),
    ...conditions(subject).flatMap(({ when: { ip }, path, filter }) =>
      ip === undefined ? [] : { path: [...path, 'ip'], filter, what: 'a condition' },
    ),
  ];
  return asked
    .filter(({ filter }) => filter.spec.at !== 'gateway')
    .map(({ path, filter, what }) => {
      const why =
        filter.spec.at === 'outbound'
          ? "there it is always the pod's own"
          : 'there any caller in the mesh can write it';
      const message = `found ${what} by ip at ${filter.spec.at}, wanted it at a gateway: ${why}`;
      return { path, atKey: true, message };
    });
}

function addressFault(text: string, path: Path): Report[] {
  const [address = '', bits, ...more] = text.split('/');
  const kind = isIP(address);
  const most = kind === 4 ? 32 : 128;
  const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  const isMapped = kind === 6 && /^::ffff:/i.test(address);
  const isWide = isMapped && bits !== undefined && Number(bits) < 96;
  const isZoned = text.includes('%');
  if (kind !== 0 && !isZoned && more.length === 0 && isRange && !isWide) return [];
  const message = `found ${quoted(text)}, wanted an address or network such as 10.0.0.0/8 or 2001:db8::/32`;
  const inner = /^\[([^\]]*)\](?::\d+)?(\/\d+)?$/.exec(text);
  if (inner !== null && isIP(inner[1] ?? '') === 6) {
    return [{ path, message, hint: `write ${inner[1]}${inner[2] ?? ''}, without brackets` }];
  }
  const [plain = '', port] = text.split(':');
  if (port !== undefined && isIPv4(plain)) {
    return [{ path, message, hint: `write ${plain}, without a port` }];
  }
  if (isWide) return [{ path, message, hint: 'write the IPv4 network itself' }];
  return [{ path, message }];
}

function hostFault(text: string, path: Path): Report[] {
  if (isIP(text) === 6) {
    const message = `found the host ${text}, wanted it in brackets, as requests have it`;
    return [{ path, message, hint: `write "[${text}]"` }];
  }
  const [, scheme, name, port] = /^([a-z]+:\/\/)?(\[[^\]]*\]|[^:/]*)(:\d+)?/i.exec(text) ?? [];
  const what = scheme !== undefined ? 'a scheme' : port !== undefined ? 'a port' : undefined;
  if (what === undefined) {
    if (!/[/\s]/.test(text)) return [];
    return [{ path, message: `found the host ${quoted(text)}, wanted a name alone` }];
  }
  const message = `found the host ${quoted(text)} with ${what}, wanted it without: hosts are compared so`;
  return [{ path, message, ...(name && { hint: `write ${quoted(name)}` }) }];
}

function oddHeaders(subject: Subject): Report[] {
  const named: { path: Path; header: string }[] = [
    ...allTags(subject).map(({ spec, path }) => ({
      path: [...path, 'header'],
      header: spec.header,
    })),
    ...subject.filters.flatMap((filter) =>
      (propagateOf(filter)?.headers ?? []).map((header, index) => ({
        path: [...filter.path, 'propagate', 'headers', index],
        header,
      })),
    ),
  ];
  return named.flatMap(({ path, header }) => {
    const name = header.toLowerCase();
    if (name.includes('_')) {
      const hint = { hint: `did you mean ${quoted(header.replaceAll('_', '-'))}?` };
      const message = `found a header with an underscore, ${quoted(header)}, wanted -: gateways may drop it (headers_with_underscores_action)`;
      return [{ path, message, ...hint }];
    }
    const whose = { 'x-envoy-': "Envoy's", 'x-istio-': "Istio's", 'x-tagalong-': 'ours' };
    const [owner] = Object.entries(whose).filter(([begin]) => name.startsWith(begin));
    if (owner === undefined) return [];
    const message = `found a header that begins with ${owner[0]}, wanted one of your own: these are ${owner[1]}`;
    return [{ path, message }];
  });
}

function strippedBefore(subject: Subject): Report[] {
  return subject.filters.flatMap((filter) => {
    const inEntry = { ...subject, filters: [filter] };
    const stripped = new Set(
      allTags(inEntry)
        .filter(
          ({ spec }) =>
            spec.incoming === 'strip' || (!spec.incoming && filter.spec.at === 'gateway'),
        )
        .map(({ spec }) => spec.header.toLowerCase()),
    );
    return allTags(inEntry).flatMap((tag) =>
      rulesOf(tag).flatMap(({ spec, path }) =>
        [...nested(spec.when ?? {}, [...path, 'when'])]
          .filter(({ when: { header = '', present } }) => {
            const name = header.toLowerCase();
            // Of its own tag another rule speaks.
            const isOther = name !== tag.spec.header.toLowerCase();
            return isOther && present !== false && stripped.has(name);
          })
          .map(({ when: { header }, path: at }) => ({
            path: [...at, 'header'],
            message: `found a condition on the header ${header}, which is stripped before, wanted "tag: {${header}: VALUE}"`,
          })),
      ),
    );
  });
}
