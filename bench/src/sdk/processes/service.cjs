// service: the process that is measured: each request that it gets makes one call.
// It answers every message with the CPU time that it has used so far.

const { createServer } = require('node:http');
const { clients } = require('./clients.cjs');

const { client, routed, ports } = JSON.parse(process.argv[2]);
const call = clients[client](ports, routed);

const server = createServer((_, response) => {
  call((error) => {
    if (error) response.statusCode = 500;
    response.end(error ? String(error) : 'ok');
  });
});

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMicros: user + system });
});
process.on('disconnect', () => process.exit());
