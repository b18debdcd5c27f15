// child: the process of a load generator. One job at a time, by message; it ends with its parent.

import { ClosedLoop } from './closed-loop.js';
import type { ClosedReport, Job, OpenReport, PacedReport, Reply, Report } from './jobs.js';
import { RateLoop } from './rate-loop.js';
import { PreparedRequests } from './requests.js';
import { dueTimes } from './schedule.js';

const HOST = '127.0.0.1';

type Kind<K extends Job['kind']> = Extract<Job, { kind: K }>;

async function open(job: Kind<'open'>): Promise<Omit<OpenReport, 'cpuSeconds'>> {
  const due = dueTimes(
    Math.round(job.rate * job.seconds),
    job.rate,
    job.pace ?? 'uniform',
    job.seed ?? 1,
  );
  const requests = new PreparedRequests(job.packed, job.first);
  const loop = await RateLoop.run({ ...job, host: job.host ?? HOST, requests, due, exact: true });
  const { seconds, sentRate, queued } = loop;
  const times = { latency: loop.latency(), lateness: loop.lateness(), unread: loop.unread() };
  return { ...loop.tally.answers(loop.count), seconds, sentRate, queued, ...times };
}

async function paced(job: Kind<'paced'>): Promise<Omit<PacedReport, 'cpuSeconds'>> {
  const due = dueTimes(job.count, job.rate, 'uniform', 1);
  const requests = new PreparedRequests(job.packed, job.first);
  const loop = await RateLoop.run({ ...job, host: job.host ?? HOST, requests, due, exact: false });
  const { seconds, sentRate } = loop;
  return { ...loop.tally.answers(loop.count), seconds, sentRate };
}

async function closed(job: Kind<'closed'>): Promise<Omit<ClosedReport, 'cpuSeconds'>> {
  const loop = await ClosedLoop.run({
    ...job,
    host: job.host ?? HOST,
    requests: new PreparedRequests(job.packed, job.first),
    depth: job.depth ?? 1,
    count: job.count ?? Number.POSITIVE_INFINITY,
    seconds: job.seconds ?? Number.POSITIVE_INFINITY,
  });
  const { tally, due, seconds } = loop;
  return { ...tally.answers(due), seconds, rate: seconds > 0 ? tally.answered / seconds : 0 };
}

function run(job: Job): Promise<Omit<Report, 'cpuSeconds'>> {
  if (job.kind === 'open') return open(job);
  return job.kind === 'paced' ? paced(job) : closed(job);
}

async function reply(job: Job): Promise<Reply> {
  const before = process.cpuUsage();
  try {
    const report = await run(job);
    const { user, system } = process.cpuUsage(before);
    return { kind: 'report', report: { ...report, cpuSeconds: (user + system) / 1e6 } };
  } catch (error) {
    return { kind: 'failed', message: (error as Error).message };
  }
}

const send = (message: Reply) => process.send!(message);

process.on('message', async (job: Job) => send(await reply(job)));
process.on('disconnect', () => process.exit());
send({ kind: 'ready' });
