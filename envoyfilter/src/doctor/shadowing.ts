// shadowing: filters around ours that take requests away before it, or its tags away after it. Pure.

import { type OurFilter, RBAC } from './chains.js';
import { type Diagnosis, note, problem } from './diagnosis.js';
import { list, parsed, record, text } from './json.js';
import { nameOf } from './our-filter.js';

const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';
const FAULT = 'envoy.extensions.filters.http.fault.v3.HTTPFault';

/** Filters that answer some requests themselves: what they answer the filter never sees. */
const ENDING: Readonly<Record<string, string>> = {
  'ext_authz.v3.ExtAuthz': 'refuses or redirects',
  'jwt_authn.v3.JwtAuthentication': 'refuses',
  'oauth2.v3.OAuth2': 'refuses or redirects',
  'rbac.v3.RBAC': 'refuses',
  'csrf.v3.CsrfPolicy': 'refuses',
  'local_ratelimit.v3.LocalRateLimit': 'limits',
  'ratelimit.v3.RateLimit': 'limits',
  'fault.v3.HTTPFault': 'aborts',
  'health_check.v3.HealthCheck': 'answers health checks',
  'cache.v3.CacheConfig': 'answers from its cache',
};
/** Filters that may change any header. */
const CHANGING =
  /\.(lua\.v3\.Lua|wasm\.v3\.Wasm|ext_proc\.v3\.ExternalProcessor|header_mutation\.v3\.HeaderMutation|golang\.v3alpha\.Config|dynamic_modules\.v3\.DynamicModuleFilter)$/;

export function checkShadows(one: OurFilter): Diagnosis[] {
  return [...checkBefore(one), ...checkAfter(one)];
}

function checkBefore(one: OurFilter): Diagnosis[] {
  const { chain, filter, position } = one;
  const before = chain.filters.slice(0, position);
  const at = `${nameOf(one)} in listener ${chain.listener}`;
  if (before.some(({ type }) => type === ROUTER)) {
    const what = `${at} stands behind the router, which ends every request: it is never asked.`;
    const remedy = 'Insert it with INSERT_BEFORE the router; ADD puts it at the end.';
    return [problem('shadowed', what, remedy)];
  }
  const ending = before.flatMap(({ name, type = '', config }) => {
    const does = Object.entries(ENDING).find(([end]) => type.endsWith(`.${end}`))?.[1];
    return does === undefined || isIdle(type, record(config)) ? [] : [`${name} (${does})`];
  });
  const changing = before.filter(({ type = '', name, config }) => {
    return CHANGING.test(type) && name !== filter.name && mentions(config, headersOf(one));
  });
  return [
    ...(ending.length === 0
      ? []
      : [note('shadowed', `Requests that these answer never reach ${at}: ${ending.join(', ')}.`)]),
    ...changing.map(({ name }) =>
      note('shadowed', `${name} stands before ${at} and may change a header that it reads.`),
    ),
  ];
}

/** Istio has a fault filter in every chain, for routes that ask for faults; an RBAC may have no rule. */
function isIdle(type: string, config: Record<string, unknown>): boolean {
  if (type === RBAC) return config.rules === undefined;
  return type === FAULT && config.abort === undefined;
}

/** What stands behind it and writes its tags undoes it. */
function checkAfter(one: OurFilter): Diagnosis[] {
  const { chain, position } = one;
  return chain.filters
    .slice(position + 1)
    .filter(({ type = '', config }) => CHANGING.test(type) && mentions(config, tagsOf(one)))
    .filter((other) => nameOf(one) !== other.name && !isOwnFollower(one, other.name))
    .filter((other) => !record(record(other.config).config).root_id)
    .map(({ name }) => {
      const what =
        `${name} stands behind ${nameOf(one)} in listener ${chain.listener} and names one of its ` +
        `tags (${tagsOf(one).join(', ')}): what the filter decides may be overwritten.`;
      return problem('shadowed', what, `Take the header out of ${name}, or put it before.`);
    });
}

/** Filters that were rendered with the entry, as those that ask the rate limit service. */
function isOwnFollower(one: OurFilter, name: string): boolean {
  return one.plugin !== undefined && name.startsWith(`${one.plugin.id}/`);
}

function tagsOf({ plugin }: OurFilter): string[] {
  const { tags } = record(parsed(plugin?.configuration ?? ''));
  return list(tags)
    .map((tag) => text(record(tag).header).toLowerCase())
    .filter((header) => header !== '');
}

/** Headers that the entry reads: where another one changes them, it decides otherwise. */
function headersOf(one: OurFilter): string[] {
  const named = [...(one.plugin?.configuration ?? '').matchAll(/"header":"([^"]+)"/g)];
  return [...new Set(named.map(([, header = '']) => header.toLowerCase()))];
}

function mentions(config: unknown, headers: readonly string[]): boolean {
  const all = (JSON.stringify(config) ?? '').toLowerCase();
  return headers.some((header) => all.includes(header));
}
