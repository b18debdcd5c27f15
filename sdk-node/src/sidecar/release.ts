// release: what has waited goes on in turns. Hundreds of calls that go on at once keep the loop for a
// tenth of a second, and every deadline and timeout of the process is late by that.
// Promise: in the order of coming; the loop comes round after each. In slices of 5 ms gRPC's were late
// by 70 ms still: most of its work is done behind the call, in ticks.

const queue: (() => void)[] = [];
let due = false;

/** Calls back in a later turn of the loop, which stays alive for it. */
export function release(go: () => void): void {
  queue.push(go);
  if (!due) schedule();
}

function schedule(): void {
  due = true;
  setImmediate(next);
}

function next(): void {
  const go = queue.shift();
  // First, for one that throws takes nobody's turn.
  if (queue.length > 0) schedule();
  else due = false;
  go?.();
}
