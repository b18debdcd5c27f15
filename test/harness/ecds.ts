// ecds: discovery by files, as a control plane would send it: listeners or single filters.
// Assumes: Envoy looks at a watched folder when something is moved into it, so that each push is a
// new file that takes the place of the old one, never a file that is half written.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const BYTES = 'type.googleapis.com/google.protobuf.BytesValue';

export class DiscoveryFolder {
  readonly path: string;
  #version = 0;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<DiscoveryFolder> {
    return new DiscoveryFolder(await mkdtemp(join(tmpdir(), 'tagalong-discovery-')));
  }

  /** The ConfigSource of one file. */
  source(name: string): object {
    return {
      path_config_source: {
        path: this.#file(name),
        watched_directory: { path: this.path },
      },
      resource_api_version: 'V3',
    };
  }

  /** Sends the resources, each with its '@type', as a new version. */
  async push(name: string, resources: readonly object[]): Promise<void> {
    this.#version++;
    const response = { version_info: String(this.#version), resources };
    const temporary = `${this.#file(name)}.${this.#version}`;
    await writeFile(temporary, JSON.stringify(response));
    await rename(temporary, this.#file(name));
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  #file(name: string): string {
    return join(this.path, `${name}.json`);
  }
}

/**
 * A rendered filter (anything that holds a plugin's `configuration`) with other bytes for its
 * configuration. What is no UTF-8 cannot be a string of a protobuf, hence BytesValue.
 */
export function withConfiguration(filter: object, bytes: string | Uint8Array): object {
  const value = Buffer.from(bytes).toString('base64');
  const copy = structuredClone(filter) as { typed_config: { config: Record<string, unknown> } };
  copy.typed_config.config.configuration = { '@type': BYTES, value };
  return copy;
}

const UNTIL_MS = 10_000;
const POLL_MS = 5;

/** Waits until `condition` holds. @throws Error with `what` at the deadline, ten seconds */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs = UNTIL_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${timeoutMs} ms passed: ${what}`);
    await delay(POLL_MS);
  }
}
