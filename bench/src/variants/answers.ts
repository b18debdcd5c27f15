// answers: what a proxy under test answers by itself, so that no upstream is measured along. The body
// tells which headers the router saw: a filter that did not do its job is found out by it. As few
// conditions as that takes: who writes a header pays for choosing the route anew.

import { TAG, TRACE } from './requests.js';
import type { Expected } from './variant.js';

export const STABLE: Expected = { status: 200, body: 'stable' };
/** The request has the tag. */
export const CANARY: Expected = { status: 200, body: 'canary' };
/** It has the tag and all of TRACE. */
export const RESTORED: Expected = { status: 200, body: 'restored' };

const headerIs = (name: string, exact: string) => ({ name, string_match: { exact } });

/** Where the tag decides. */
export const BY_TAG: readonly object[] = [
  answer([headerIs(TAG, 'canary')], CANARY),
  answer([], STABLE),
];

/** Where all that was lost has to be there again. */
export const BY_ALL: readonly object[] = [
  answer(
    [
      headerIs(TAG, 'canary'),
      ...TRACE.map((name) => ({ name, present_match: true })),
      headerIs('x-b3-sampled', '1'),
    ],
    RESTORED,
  ),
  answer([], STABLE),
];

function answer(headers: readonly object[], { status, body }: Expected): object {
  return {
    match: { prefix: '/', headers },
    direct_response: { status, body: { inline_string: body } },
  };
}
