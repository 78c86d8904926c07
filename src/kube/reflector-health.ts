/** How a reflector is doing: its phase and its last trouble, as metrics, log lines and an answer for people. */

import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { reflectorPhase, watchFailures } from './metrics.ts';

export type Phase = 'syncing' | 'live' | 'retrying' | 'absent';
const phases: readonly Phase[] = ['syncing', 'live', 'retrying', 'absent'];

export interface ReflectorStatus {
  readonly resource: string;
  readonly phase: Phase;
  /** What went wrong last, while it is not mended. */
  readonly error: string | undefined;
}

const passedOver = 'unreadable watch event is passed over';

export class ReflectorHealth {
  readonly #resource: string;
  readonly #log: Logger;
  #phase: Phase = 'syncing';
  #error: string | undefined;

  constructor(resource: string, log: Logger) {
    this.#resource = resource;
    this.#log = log;
  }

  get phase(): Phase {
    return this.#phase;
  }

  status(): ReflectorStatus {
    return { resource: this.#resource, phase: this.#phase, error: this.#error };
  }

  enter(phase: Phase): void {
    const resource = this.#resource;
    if (phase === 'live' && this.#error !== undefined) this.#log.info({ resource }, 'watch works again');
    if (phase === 'absent' && this.#phase !== 'absent') {
      this.#log.info({ resource }, 'resource is not served; looking again now and then');
    }
    if (phase === 'live' || phase === 'absent') this.#error = undefined;
    this.#phase = phase;
    for (const each of phases) reflectorPhase.set({ resource, phase: each }, each === phase ? 1 : 0);
  }

  /** Logged as a warning when it is news, so that what lasts does not fill the log. */
  failed(phase: 'syncing' | 'retrying', reason: string, error: unknown): void {
    const resource = this.#resource;
    const message = describeError(error);
    watchFailures.inc({ resource, reason });
    this.#log[message === this.#error ? 'debug' : 'warn']({ resource, err: message }, 'list or watch failed');
    this.enter(phase);
    this.#error = message;
  }

  /** A message of the watch could not be read, twice. */
  passedOver(bytes: number): void {
    const resource = this.#resource;
    watchFailures.inc({ resource, reason: 'garbage' });
    this.#log[this.#error === passedOver ? 'debug' : 'error']({ resource, bytes }, passedOver);
    this.#error = passedOver;
  }

  /** The reflector has ended. */
  close(): void {
    for (const phase of phases) reflectorPhase.remove({ resource: this.#resource, phase });
  }
}
