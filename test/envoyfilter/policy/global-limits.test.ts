import { describe, expect, it } from 'vitest';
import { globalLimitsIn, globalLimitsOf } from '../../../envoyfilter/src/policy/global-limits.js';
import {
  type FilterEntry,
  type FilterSpec,
  type Policy,
  PolicyError,
} from '../../../envoyfilter/src/policy/policy.js';

const login = { name: 'Login', scope: 'global', rate: '10/s' };

function entry(...limits: unknown[]): FilterEntry {
  return { id: 'shop/store/3', direction: 'gateway', configuration: { limits } };
}

function policy(...filters: FilterSpec[]): Policy {
  return { metadata: { name: 'store', namespace: 'shop' }, spec: { filters } };
}

describe('the global limits of an entry', () => {
  it('are those of scope global, with what is left out filled in', () => {
    const other = { name: 'a', rate: '1/s' };
    expect(globalLimitsOf(entry(other, { ...other, scope: 'proxy' }, login))).toEqual([
      {
        place: 'spec.filters[3].limits[2]',
        name: 'login',
        label: 'Login',
        requests: 10,
        unit: 'second',
        per: undefined,
        dryRun: false,
        status: 429,
        headers: {},
        onServiceFailure: 'admit',
      },
    ]);
  });

  it('are none where there is no section', () => {
    expect(globalLimitsOf({ ...entry(), configuration: {} })).toEqual([]);
    expect(globalLimitsOf({ ...entry(), configuration: { limits: 7 } })).toEqual([]);
    expect(globalLimitsOf(entry(null, 'global'))).toEqual([]);
  });

  it.each([
    ['1/s', 1, 'second'],
    ['600/m', 600, 'minute'],
    ['1000000000/h', 1_000_000_000, 'hour'],
  ])('have a rate of %s exactly', (rate, requests, unit) => {
    expect(globalLimitsOf(entry({ ...login, rate }))).toMatchObject([{ requests, unit }]);
  });

  it.each([
    ['rate', undefined, 'limits[0].rate: found nothing, wanted a rate such as 10/s'],
    ['rate', '0/s', 'limits[0].rate: found "0/s"'],
    ['rate', '1000000001/h', 'limits[0].rate: found "1000000001/h"'],
    ['rate', '1.5/s', 'limits[0].rate: found "1.5/s"'],
    ['rate', '10/d', 'limits[0].rate: found "10/d"'],
    ['name', undefined, 'limits[0].name: found nothing, wanted a name that can be part'],
    ['name', 'log in', 'limits[0].name: found "log in"'],
    ['name', 'ü', 'limits[0].name: found "ü"'],
    // Envoy would take the one for a variable, the service the other for any name that begins so.
    ['name', '50%', 'limits[0].name: found "50%"'],
    ['name', 'log*', 'limits[0].name: found "log*"'],
    ['reject', { status: 451 }, 'limits[0].reject.status: found 451, wanted one that Envoy has'],
    ['reject', { status: 399 }, 'limits[0].reject.status: found 399'],
    ['reject', { status: '429' }, 'limits[0].reject.status: found "429"'],
    ['reject', { headers: { 'x y': 'a' } }, 'limits[0].reject.headers: found "x y"'],
    ['reject', { headers: { 'x-a': 1 } }, 'limits[0].reject.headers: found "x-a"'],
    ['reject', { headers: [] }, 'limits[0].reject.headers: found []'],
  ])('with such a %s are refused: %j', (key, value, message) => {
    const bad = () => globalLimitsOf(entry({ ...login, [key]: value }));
    expect(bad).toThrow(`spec.filters[3].${message}`);
    expect(bad).toThrow(PolicyError);
  });

  it('may not be two in one header', () => {
    expect(() => globalLimitsOf(entry(login, { ...login, name: 'login' }))).toThrow(
      'spec.filters[3].limits[1].name: found "login", ' +
        'wanted a name that spec.filters[3].limits[0] has not: both would use one header',
    );
  });
});

describe('the global limits of a policy', () => {
  it('are those of all entries, a sidecar counted once, each name once', () => {
    const api = { ...login, name: 'api', rate: '5/m', per: [{ ip: true }] };
    const found = globalLimitsIn(
      policy(
        { at: 'sidecar', limits: [api, login] },
        { at: 'gateway', limits: [{ ...login, name: 'LOGIN', reject: { status: 503 } }] },
        { at: 'inbound', mode: 'disabled', limits: [{ ...login, name: 'off' }] },
      ),
    );
    expect(found.map(({ name, place }) => [name, place])).toEqual([
      ['api', 'spec.filters[0].limits[0]'],
      ['login', 'spec.filters[0].limits[1]'],
      ['off', 'spec.filters[2].limits[0]'],
    ]);
  });

  it.each([
    [{ rate: '10/m' }, 'rate: found "10/m", wanted "10/s" as in spec.filters[0].limits[0]'],
    [{ per: [{ ip: true }] }, 'per: found [{"ip":true}], wanted none as in'],
    [{ dryRun: true }, 'dryRun: found true, wanted false as in'],
  ])('must agree where they share a name: %j', (difference, message) => {
    const filters: FilterSpec[] = [
      { at: 'gateway', limits: [login] },
      {
        at: 'inbound',
        limits: [
          { name: 'x', rate: '1/s' },
          { ...login, ...difference },
        ],
      },
    ];
    const bad = () => globalLimitsIn(policy(...filters));
    expect(bad).toThrow(`spec.filters[1].limits[1].${message}`);
    expect(bad).toThrow('or another name: they are one limit');
    expect(bad).toThrow(PolicyError);
  });
});
