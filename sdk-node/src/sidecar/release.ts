// release: what has waited goes on in turns. Hundreds of calls that go on at once keep the loop for a
// tenth of a second, and every deadline and timeout of the process is late by that.
// Promise: in the order of coming; the loop is free again after `SLICE_MS` and one of them.

const SLICE_MS = 5;

const queue: (() => void)[] = [];
let due = false;

/** Calls back in a later turn of the loop, which stays alive for it. */
export function release(go: () => void): void {
  queue.push(go);
  if (!due) schedule();
}

function schedule(): void {
  due = true;
  setImmediate(drain);
}

function drain(): void {
  const untilMs = performance.now() + SLICE_MS;
  due = false;
  try {
    for (let go = queue.shift(); go !== undefined; go = queue.shift()) {
      go();
      if (performance.now() >= untilMs) break;
    }
  } finally {
    // One that throws takes nobody's turn.
    if (queue.length > 0 && !due) schedule();
  }
}
