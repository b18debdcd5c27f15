import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../../envoyfilter/src/cli/main.js';
import { goldenBeside } from '../../harness/golden.js';
import { tagalong } from '../cli/fake-terminal.js';
import { DEMO, SHOP } from './policies.js';

const expectGolden = goldenBeside(import.meta.url);
/** What colours a terminal. */
const ESCAPE = '\u001b[';

const TWO = `
apiVersion: tagalong/v1
kind: Policy
metadata: { name: two, namespace: a }
spec:
  filters:
    - { at: inbound, selector: { app: one }, tags: [{ header: x-one, default: 'a' }] }
    - { at: inbound, selector: { app: two }, tags: [{ header: x-two, default: 'b' }] }
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagalong-'));
  writeFileSync(join(folder, 'policy.yaml'), readFileSync(DEMO));
  const grown = readFileSync(DEMO, 'utf8').replace('percent: 25', 'percent: 40');
  writeFileSync(join(folder, 'new.yaml'), grown);
  writeFileSync(join(folder, 'bad.yaml'), grown.replace('percent: 40', 'percent: 140'));
  writeFileSync(join(folder, 'two.yaml'), TWO);
  writeFileSync(join(folder, 'requests.txt'), "curl /\ncurl /checkout -b 'uid=ada'\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (args: readonly string[], stdin = '') => tagalong(args, { cwd: folder, stdin });
const explain = (...args: string[]) => run(['explain', '-f', 'policy.yaml', ...args]);

describe('tagalong explain', () => {
  it('explains one request', async () => {
    const { code, out, err } = await explain('/', '-H', 'x-user-group: internal');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('rule testers           matched: header x-user-group is "internal"');
    expect(out).toContain('reviews -> canary');
  });

  it('is plain in a pipe, and coloured on a terminal', async () => {
    expect((await explain('/')).out).not.toContain(ESCAPE);
    let out = '';
    const terminal = {
      out: (text: string) => {
        out += text;
      },
      err: () => {},
      colour: { out: true, err: true },
      stdin: async () => '',
      signal: new AbortController().signal,
      cwd: folder,
      env: {},
    };
    expect(await main(['explain', '-f', 'policy.yaml', '/'], terminal, '0')).toBe(0);
    expect(out).toContain(ESCAPE);
  });

  it('repeats a request, and tells what came of it', async () => {
    const { out } = await explain('POST /login', '--repeat', '8', '--every', '4s');
    expectGolden('repeat.txt', out);
    const { out: json } = await explain('/login', '--repeat', '30', '--format', 'json');
    const { outcomes } = JSON.parse(json);
    expect(
      outcomes.map(({ count, requests }: { count: number; requests: string }) => [count, requests]),
    ).toEqual([
      [5, '1-5'],
      [25, '6-30'],
    ]);
  });

  it('does as its documentation says', async () => {
    const args = ['explain', '-f', SHOP, '--at', 'inbound', 'POST /login', '-H', 'x-user-id: 7'];
    const { code, out } = await run([...args, '--repeat', '30']);
    expect(code).toBe(0);
    expect(out).toContain(
      '30 requests, all at once\n  30 of 30  goes on with x-traffic-tag absent',
    );
    expect(out).toContain('shop/shop/1 inbound');
  });

  it('takes requests from a file, and from the standard input', async () => {
    const { out } = await explain('--requests', 'requests.txt');
    expect(out).toContain('requests.txt:2\nGET localhost/checkout');
    expect(out).toContain('cookie uid "ada"');
    const { out: json } = await run(
      ['explain', '-f', 'policy.yaml', '--requests', '-', '--format', 'json'],
      'curl /a\ncurl /b\n',
    );
    const told = JSON.parse(json);
    expect(told).toHaveLength(2);
    expect(json).toBe(`${JSON.stringify(told, null, 2)}\n`);
  });

  it('takes the client as it is told', async () => {
    const { out } = await explain('POST /login', '--client-ip', '203.0.113.9');
    expect(out).toContain('bucket of ip 203.0.113.9');
  });

  it('follows a request through services', async () => {
    const { code, out } = await explain(
      '/',
      '-H',
      'x-user-group: internal',
      '--tree',
      'a > reviews',
    );
    expect(code).toBe(0);
    expect(out).toContain('restored by x-request-id) -> reviews canary');
  });

  it('takes services of any name', async () => {
    const { code, out } = await explain('/', '--tree', 'constructor > reviews');
    expect(code).toBe(0);
    expect(out).toContain('constructor forwards x-request-id');
  });

  it('chooses entries by workload, and says where they are several', async () => {
    const args = ['explain', '-f', 'two.yaml', '/'];
    const both = await run(args);
    expect(both.out.match(/a\/two\/\d inbound/g)).toEqual(['a/two/0 inbound', 'a/two/1 inbound']);
    expect(both.err).toContain(
      '2 kinds of workloads are run one behind the other (a app=one; a app=two)',
    );
    const one = await run([...args, '--labels', 'app=two,tier=x', '--namespace', 'a']);
    expect(one.out.match(/a\/two\/\d inbound/g)).toEqual(['a/two/1 inbound']);
    expect(one.err).toBe('');
    const outside = await run([...args, '--namespace', 'elsewhere']);
    expect(outside.out).toContain('no entry of the policy runs here');
  });

  it.each([
    [[], 2, "found no request, wanted one such as 'POST /login'"],
    [['/a', '/b'], 2, 'too many arguments'],
    [['/a /b'], 2, 'found two URLs'],
    [['curl -H "a /'], 2, 'a quote is not closed'],
    [['curl /a; curl /b'], 2, 'found 2 commands, wanted one'],
    [['/', '--requests', 'requests.txt'], 2, 'wanted one of them'],
    [['/', '--client-ip', 'me'], 2, '--client-ip: found me'],
    [['/', '--at', 'egress'], 2, 'Wanted one of gateway'],
    [['/', '--every', '5'], 2, 'such as 100ms'],
    [['/', '--every', '25h'], 2, 'at most 24h'],
    [['/', '--every', `${'9'.repeat(400)}h`], 2, 'at most 24h'],
    [['/', '--tree', 'a >'], 2, '--tree: found ""'],
    [['/', '--tree', 'a > b', '--forwards', 'c: x'], 2, '--forwards: found "c: x"'],
    [['/', '--tree', 'a > b', '--repeat', '2'], 2, 'found --tree and --repeat'],
    [['--requests', 'requests.txt', '--repeat', '2'], 2, '--repeat: found 2 requests'],
    [['--requests', 'requests.txt', '--tree', 'a > b'], 2, '--tree: found 2 requests'],
    [['--requests', 'none.txt'], 1, 'none.txt: cannot be read'],
  ])('refuses %j', async (args, code, message) => {
    const answer = await explain(...args);
    expect(answer.err).toContain(message);
    expect(answer).toMatchObject({ code, out: '' });
  });

  it('says which requests do not come as far as the filter', async () => {
    const many = Array.from({ length: 100 }, (_, at) => ['-H', `x-${at}: 1`]).flat();
    expect((await explain('/', ...many)).err).toContain('note: /: 101 headers: Envoy answers 431');
    expect((await explain('/', ...many.slice(2))).err).toBe('');
    const long = await explain('/', '-H', `x-long: ${'a'.repeat(61_440)}`);
    expect(long.err).toContain('note: /: headers of 61447 bytes: Envoy answers 431');
  });

  it('needs a policy that is sound', async () => {
    const { code, out, err } = await run(['explain', '-f', 'bad.yaml', '/']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('bad.yaml:');
  });
});

describe('tagalong diff', () => {
  it('ends with 0 where nothing differs, with 1 where something does', async () => {
    const same = await run(['diff', 'policy.yaml', '-'], readFileSync(DEMO, 'utf8'));
    expect(same).toMatchObject({ code: 0, err: '' });
    expect(same.out).toMatch(/^no difference in \d+ requests\n$/);
    const other = await run(['diff', 'policy.yaml', 'new.yaml']);
    expect(other).toMatchObject({ code: 1, err: '' });
    expectGolden('diff.txt', other.out);
  });

  it('tries the requests of a file alone', async () => {
    const { code, out } = await run([
      'diff',
      'policy.yaml',
      'new.yaml',
      '--at',
      'gateway',
      '--requests',
      'requests.txt',
    ]);
    expect(out).toContain('in 2 requests');
    expect(code).toBe(out.startsWith('no difference') ? 0 : 1);
  });

  it('reports to machines', async () => {
    const report = async (format: string) =>
      (await run(['diff', 'policy.yaml', 'new.yaml', '--identities', '50', '--format', format]))
        .out;
    const json = JSON.parse(await report('json'));
    expect(json.classes[0]).toMatchObject({ at: 'gateway', of: 50, unit: 'identities' });
    expect(await report('github')).toMatch(
      /^::warning file=new\.yaml,line=1,title=tagalong%3A behaviour-changed::gateway of istio/,
    );
    const junit = await report('junit');
    expect(junit).toContain('<testsuites tests="1" failures="1">');
    expect(junit).toContain('x-traffic-tag: stable -&gt; canary');
    const sarif = JSON.parse(await report('sarif'));
    expect(sarif.runs[0].results[0]).toMatchObject({
      ruleId: 'behaviour-changed',
      level: 'warning',
    });
  });
});

describe('tagalong bucket', () => {
  it('prints the bucket of a salt and an identity', async () => {
    const [vector] = JSON.parse(
      readFileSync(join(dirname(SHOP), '../../../vectors/bucket.json'), 'utf8'),
    ).slice(-1);
    const { salt, identity, bucket } = vector;
    const { out } = await run(['bucket', '--format', 'json', '--', salt, identity]);
    expect(JSON.parse(out)).toEqual({ salt, identity, bucket, takenFrom: (bucket + 1) / 100 });
  });

  it('says which rules of a policy take an identity', async () => {
    const nora = await run(['bucket', '-f', 'policy.yaml', '--identity', 'nora']);
    expect(nora.out).toMatch(
      /^in {3}rule checkout-quarter of x-traffic-tag .* bucket 921 of "nora"/,
    );
    const ada = await run([
      'bucket',
      '-f',
      'policy.yaml',
      '--identity',
      'ada',
      '--rule',
      'checkout-quarter',
    ]);
    expect(ada.out).toMatch(/^out {2}rule checkout-quarter/);
  });

  it.each([
    [['bucket', 'salt'], 2, 'wanted SALT and IDENTITY'],
    [['bucket', '-f', 'policy.yaml', 'salt'], 2, 'wanted --identity'],
    [['bucket', '-f', 'policy.yaml', '--identity', ''], 2, 'who has no identity is in no share'],
    [
      ['bucket', '-f', 'policy.yaml', '--identity', 'a', '--rule', 'testers'],
      1,
      'found no rule "testers"',
    ],
  ])('refuses %j', async (args, code, message) => {
    const answer = await run(args);
    expect(answer.err).toContain(message);
    expect(answer).toMatchObject({ code, out: '' });
  });
});
