// lua: Envoy's Lua filter, doing Tagalong's jobs by scripts of bench/peers/lua.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localRateLimit } from './native.js';
import { type Bucket, builtIn, type Job, type Peer, SOURCES, TYPE } from './peer.js';

export const LUA: readonly Peer[] = [
  lua('lua tag', 'tag', 'Lua: tag', async () => [await luaFilter('tag')]),
  lua('lua store', 'store', 'Lua: store, of one worker', async () => [
    await luaFilter('memory', 'store'),
  ]),
  lua('lua restore', 'restore', 'Lua: restore, of one worker', async () => [
    await luaFilter('memory', 'restore'),
  ]),
  // The limit first: who is turned away has cost no script.
  lua('lua + local_ratelimit', 'everything', 'local_ratelimit, Lua: tag, store', async (bucket) => [
    localRateLimit(bucket),
    await luaFilter('memory', 'everything'),
  ]),
];

/** @param scripts names in bench/peers/lua: one after the other they are the filter's source. */
export async function luaFilter(...scripts: readonly string[]): Promise<object> {
  const parts = scripts.map((name) => readFile(join(SOURCES, 'lua', `${name}.lua`), 'utf8'));
  return luaSource((await Promise.all(parts)).join('\n'));
}

/** The filter that runs this source. */
export function luaSource(source: string): object {
  return {
    name: 'lua',
    typed_config: {
      '@type': `${TYPE}envoy.extensions.filters.http.lua.v3.Lua`,
      default_source_code: { inline_string: source },
    },
  };
}

function lua(
  name: string,
  job: Job,
  title: string,
  filters: (bucket: Bucket) => Promise<object[]>,
): Peer {
  return builtIn({ name, title, group: 'lua', job }, filters);
}
