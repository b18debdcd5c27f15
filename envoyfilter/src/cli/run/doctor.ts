// doctor: asks a proxy's admin interface and says what is wrong.

import { examine } from '../../doctor/doctor.js';
import { type Paint, reportText } from '../../doctor/report.js';
import { refusalBy } from '../../doctor/second-opinion.js';
import { takeSnapshot } from '../../doctor/snapshot.js';
import { AdminClient, AdminError } from '../../envoy/index.js';
import { compiledModule, releaseModule } from '../../host/module.js';
import type { Direction } from '../../policy/policy.js';
import { namesIn, wasmModule } from '../../render/module.js';
import { DONE, FINDINGS, InputError, UsageError } from '../exit.js';
import { policiesOf } from '../policies.js';
import { paint, type Terminal } from '../terminal.js';

export interface DoctorOptions {
  readonly admin: string;
  readonly file?: readonly string[];
  readonly at?: Direction;
  /** Seconds. */
  readonly wait: number;
  readonly format: 'text' | 'json';
}

/** @returns the exit code: 1 where there is a problem */
export async function runDoctor(options: DoctorOptions, terminal: Terminal): Promise<number> {
  const { file, at, wait, format } = options;
  const admin = clientOf(options.admin);
  const policies = file === undefined ? undefined : await policiesOf(terminal, file);
  const module = wasmModule(releaseModule());
  const snapshot = await takeSnapshot(admin, wait, terminal.signal).catch((error: unknown) => {
    throw error instanceof AdminError ? unreachable(error, admin) : error;
  });
  const report = examine(snapshot, {
    policies,
    at: at === undefined ? undefined : [at],
    module: {
      sha256: module.sha256,
      offers: namesIn(module),
      refusal: refusalBy(compiledModule(module.bytes)),
    },
  });
  const painted: Paint = (style, text) => paint(terminal.colour.out, style, text);
  terminal.out(
    format === 'json'
      ? `${JSON.stringify({ admin: admin.url, ...report }, null, 2)}\n`
      : reportText(report, admin.url, painted),
  );
  return report.healthy ? DONE : FINDINGS;
}

function clientOf(url: string): AdminClient {
  try {
    return new AdminClient(/^[a-z]+:\/\//.test(url) ? url : `http://${url}`);
  } catch {
    throw new UsageError(
      `--admin: found ${JSON.stringify(url)}, wanted a URL such as http://127.0.0.1:15000`,
    );
  }
}

function unreachable(error: AdminError, { url, port }: AdminClient): InputError {
  const found =
    error.status === undefined
      ? `No admin interface of an Envoy answers at ${url}`
      : `What answers at ${url} is not the admin interface of an Envoy`;
  return new InputError(
    [
      `${found}: ${error.message}`,
      'What helps, any one:',
      `  - for a pod: kubectl port-forward -n NAMESPACE POD ${port}:15000, then this again`,
      '  - to see it from inside: kubectl exec -n NAMESPACE POD -c istio-proxy -- pilot-agent ' +
        'request GET server_info',
      '  - for an Envoy of your own: --admin with the address in "admin" of its bootstrap',
    ].join('\n'),
  );
}
