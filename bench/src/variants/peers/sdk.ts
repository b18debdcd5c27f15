// sdk: filters written with other proxy-wasm SDKs, as the README of each writes and builds one, and
// loaded as a user loads one: all capabilities, Envoy's defaults.

import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Built, buildModules, type Source } from './build.js';
import { type Bucket, type Job, type Peer, SOURCES, TYPE, WIDE } from './peer.js';

const execute = promisify(execFile);

const RUST_TARGET = 'wasm32-wasip1';
/** What solo-io's filter registers for; the others answer to any. */
const ROOT_ID = 'tag';

const SOLO_IO: Source = {
  folder: 'solo-io',
  compiler: ['npm', '--version'],
  lines: [
    ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'],
    // Its compiler knows sources by .ts alone.
    ['cp', 'tag.as', 'tag.ts'],
    // The flags of its README.
    ['node_modules/.bin/asc', 'tag.ts', '-b', 'tag.wasm', '--use', 'abort=abort_proc_exit', '-O'],
  ],
  outputs: ['tag.wasm'],
};

const GO: Source = {
  folder: 'go',
  compiler: ['go', 'version'],
  lines: [['go', 'build', '-trimpath', '-buildvcs=false', '-buildmode=c-shared', '-o', 'tag.wasm']],
  env: { GOOS: 'wasip1', GOARCH: 'wasm', GOWORK: 'off', GOFLAGS: '' },
  outputs: ['tag.wasm'],
};

const RUST: Source = {
  folder: 'rust',
  compiler: ['rustc', '--version'],
  prepare: { unless: hasRustTarget, line: ['rustup', 'target', 'add', RUST_TARGET] },
  lines: [['cargo', 'build', '--locked', '--release', '--target', RUST_TARGET]],
  env: { CARGO_TARGET_DIR: 'target' },
  outputs: ['tag', 'store', 'limit'].map((name) => `target/${RUST_TARGET}/release/${name}.wasm`),
};

const solo = builder(SOLO_IO, async () => {
  const { dependencies } = JSON.parse(await read('solo-io/package.json'));
  const pairs = Object.entries<string>(dependencies);
  return pairs.map(([name, version]) => `${name} ${version}`).join(', ');
});
const go = builder(GO, async (compiler) => {
  const version = /proxy-wasm-go-sdk (v\S+)/.exec(await read('go/go.mod'))?.[1];
  return `proxy-wasm-go-sdk ${version}, ${/go\d\S+/.exec(compiler)?.[0]}`;
});
const rust = builder(RUST, async (compiler) => {
  const version = /proxy-wasm = "=(.+?)"/.exec(await read('rust/Cargo.toml'))?.[1];
  return `proxy-wasm ${version}, ${/rustc \S+/.exec(compiler)?.[0]}`;
});

export const SDKS: readonly Peer[] = [
  solo('solo-io tag', 'tag', '@solo-io/proxy-runtime: tag', 'tag'),
  go('go sdk tag', 'tag', 'proxy-wasm-go-sdk: tag', 'tag'),
  rust('rust sdk tag', 'tag', 'proxy-wasm (Rust): tag', 'tag'),
  rust('rust sdk store', 'store', 'proxy-wasm (Rust): store', 'store'),
  rust('rust sdk restore', 'restore', 'proxy-wasm (Rust): restore', 'store'),
  rust('rust sdk limit', 'limit', 'proxy-wasm (Rust): one bucket', 'limit', rustBucket),
];

type Define = (
  name: string,
  job: Job,
  title: string,
  module: string,
  configuration?: (bucket: Bucket) => string,
) => Peer;

/** Makes the peers of one source, which is built once for all of them. */
function builder(source: Source, version: (compiler: string) => Promise<string>): Define {
  let result: Promise<Built> | undefined;
  const built = () => {
    result ??= buildModules(source);
    return result;
  };
  const needed = async () => {
    const found = await built();
    if (found.home === undefined) throw new Error(found.reason);
    return found;
  };
  return (name, job, title, module, configuration = () => job) => ({
    ...{ name, title, group: 'sdk', job },
    available: async () => {
      const found = await built();
      return found.home === undefined ? found.reason : undefined;
    },
    filters: async (bucket = WIDE) => {
      const path = join((await needed()).home, `${module}.wasm`);
      return [wasmFilter(name, path, configuration(bucket))];
    },
    version: async () => version((await needed()).compiler),
  });
}

function rustBucket({ burst, refill, everySeconds }: Bucket): string {
  const intervalNs = Math.max(1, Math.round((everySeconds * 1e9) / refill));
  return `${burst} ${intervalNs}`;
}

/** @param configuration not empty: solo-io's runtime reads out of bounds then, and Envoy ends */
function wasmFilter(name: string, filename: string, configuration: string): object {
  return {
    name,
    typed_config: {
      '@type': `${TYPE}envoy.extensions.filters.http.wasm.v3.Wasm`,
      config: {
        name,
        root_id: ROOT_ID,
        configuration: { '@type': `${TYPE}google.protobuf.StringValue`, value: configuration },
        vm_config: {
          vm_id: name,
          runtime: 'envoy.wasm.runtime.v8',
          code: { local: { filename } },
        },
      },
    },
  };
}

function read(path: string): Promise<string> {
  return readFile(join(SOURCES, path), 'utf8');
}

async function hasRustTarget(): Promise<boolean> {
  const args = ['--print', 'target-libdir', '--target', RUST_TARGET];
  const found = execute('rustc', args).then(({ stdout }) => access(stdout.trim()));
  return found.then(
    () => true,
    () => false,
  );
}
