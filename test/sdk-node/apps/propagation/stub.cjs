// stub: a test's stand-in for https.request, there before `register`.

require('node:https').request = () => undefined;
