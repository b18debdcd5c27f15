// subscriber: somebody who listens to the requests that undici makes, as tracers do to add headers.

import { subscribe } from 'node:diagnostics_channel';

subscribe('undici:request:create', () => {});
