// load: work that is done again and again, so many times at once, while a test does something else.

export class Load {
  /** How often the work came to what, failures among it as `failed: WHY`. */
  readonly seen = new Map<string, number>();
  #stopped = false;
  #done: Promise<unknown> = Promise.resolve();

  /** `turn` counts from 0. */
  static start(atOnce: number, work: (turn: number) => Promise<string>): Load {
    const load = new Load();
    let turn = 0;
    const worker = async () => {
      while (!load.#stopped) {
        const found = await work(turn++).catch((error: Error) => `failed: ${error.message}`);
        load.seen.set(found, (load.seen.get(found) ?? 0) + 1);
      }
    };
    load.#done = Promise.all(Array.from({ length: atOnce }, worker));
    return load;
  }

  get count(): number {
    return [...this.seen.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Ends when all that is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }
}
