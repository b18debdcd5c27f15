import { describe, expect, it } from 'vitest';
import { current, extract, inject, run } from '../../sdk-node/src/index.js';

const mesh = 'http://reviews:9080/';
const incoming = {
  'X-Request-Id': 'r-1',
  'x-traffic-tag': 'canary',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  b3: '',
  authorization: 'Bearer secret',
  cookie: 'session=1',
};

describe('extract', () => {
  it('takes the headers that follow, and no credentials', () => {
    expect([...(extract(incoming)?.headers.keys() ?? [])].sort()).toEqual([
      'traceparent',
      'x-request-id',
      'x-traffic-tag',
    ]);
  });

  it('reads Headers, objects with lists, and flat lists alike', () => {
    const shapes = [
      new Headers({ 'X-Traffic-Tag': 'canary' }),
      { 'X-Traffic-Tag': ['canary'] },
      ['X-Traffic-Tag', 'canary'],
    ];
    for (const shape of shapes) {
      expect(extract(shape)?.headers).toEqual(new Map([['x-traffic-tag', 'canary']]));
    }
  });

  it('is undefined where nothing follows', () => {
    expect(extract({ accept: '*/*', b3: '' })).toBeUndefined();
  });
});

describe('inject', () => {
  const context = extract(incoming);

  it('adds what is missing and keeps the shape', () => {
    expect(inject({ accept: '*/*' }, mesh, context)).toEqual({
      accept: '*/*',
      'x-request-id': 'r-1',
      'x-traffic-tag': 'canary',
      traceparent: incoming.traceparent,
    });
    expect(inject(['accept', '*/*'], mesh, context)).toContain('canary');
    expect(inject(new Headers(), mesh, context).get('x-traffic-tag')).toBe('canary');
  });

  it('never overwrites, and never touches what it was given', () => {
    const outgoing = { 'X-Traffic-Tag': 'mine' };
    expect(inject(outgoing, mesh, context)).toMatchObject({ 'X-Traffic-Tag': 'mine' });
    expect(inject(outgoing, mesh, context)).not.toHaveProperty('x-traffic-tag');
    expect(outgoing).toEqual({ 'X-Traffic-Tag': 'mine' });
  });

  it('mixes nothing into a trace that the caller set', () => {
    const own = inject({ b3: '0' }, mesh, context);
    expect(own).not.toHaveProperty('traceparent');
    expect(own).toHaveProperty('x-request-id', 'r-1');
  });

  it.each([
    'reviews',
    'reviews.shop.svc',
    'a.cluster.local',
    '10.1.2.3',
    '[fd00::1]',
    'localhost',
  ])('sends headers to %s', (host) => {
    expect(inject({}, `http://${host}:9080/`, context)).toHaveProperty('x-traffic-tag');
  });

  it.each([
    'example.com',
    '8.8.8.8',
    '169.254.169.254',
    '[fe80::1]',
    'metadata.google.internal',
  ])('sends nothing to %s', (host) => {
    expect(inject({}, `http://${host}/`, context)).toEqual({});
  });
});

describe('run', () => {
  it('makes a context current through awaits, and no further', async () => {
    const context = extract(incoming);
    const seen = await run(context, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return current();
    });
    expect(seen).toBe(context);
    expect(current()).toBeUndefined();
  });

  it('without a context hides the outer one', () => {
    expect(run(extract(incoming), () => run(undefined, current))).toBeUndefined();
  });
});
