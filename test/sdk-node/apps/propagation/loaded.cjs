// loaded: what `register` brings into a process that does nothing else.
const files = Object.keys(require.cache).filter((path) => /sdk-node/.test(path));
const report = {
  undici: process.moduleLoadList.some((name) => name.endsWith('deps/undici/undici')),
  files: files.length,
};
process.stdout.write(`@@${JSON.stringify(report)}\n`);
