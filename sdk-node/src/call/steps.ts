// steps: carries out what a course decides: goes, be it after the sidecar, waits, or ends.
// Promise: once stopped, nothing comes of what was under way.

import type { AsyncResource } from 'node:async_hooks';
import { performance } from 'node:perf_hooks';
import type { TagalongError } from '../core/errors.js';
import { hold } from '../sidecar/hold.js';
import type { Course, Step } from './course.js';
import { type Target, type Way, waitsForSidecar } from './way.js';

/** Who takes the steps. */
export interface Traveller {
  /** Makes the next try, by a way. */
  go(way: Way): void;
  /** There is no way on. */
  fail(error: TagalongError): void;
}

export class Steps {
  readonly #course: Course;
  readonly #target: Target;
  /** Of the caller: tries are made in its async context. */
  readonly #resource: AsyncResource;
  readonly #traveller: Traveller;
  #timer: NodeJS.Timeout | undefined;
  #unhold: (() => void) | undefined;

  constructor(course: Course, target: Target, resource: AsyncResource, traveller: Traveller) {
    this.#course = course;
    this.#target = target;
    this.#resource = resource;
    this.#traveller = traveller;
  }

  /** `pass` is for who has the answer. */
  take(step: Step): void {
    if (step.kind === 'go') this.#go(step.way);
    else if (step.kind === 'fail') this.#traveller.fail(step.error);
    else if (step.kind === 'wait') {
      this.#timer = setTimeout(() => this.take(this.#course.resume(performance.now())), step.ms);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#unhold?.();
    this.#unhold = undefined;
  }

  #go(way: Way): void {
    const go = () => {
      this.#unhold = undefined;
      this.#resource.runInAsyncScope(() => this.#traveller.go(way));
    };
    this.#unhold = waitsForSidecar(way, this.#target)
      ? hold(this.#target.authority, go)
      : undefined;
    if (this.#unhold === undefined) go();
  }
}
