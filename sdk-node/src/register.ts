// register: `node --import @tagalong/node/register app.js`. Side effects only.

import { install } from './patch/install.js';

install();
