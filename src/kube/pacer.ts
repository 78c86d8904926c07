/** Lets other work run between the objects of a long list, so that nothing waits long for the event loop. */

import { setImmediate } from 'node:timers/promises';

const objectsPerTurn = 500;
const turnMs = 10;

export class Pacer {
  #left = objectsPerTurn;
  #turnEndsAt = performance.now() + turnMs;

  /** Whether this turn has lasted long enough; ask once per object, and await `yield` when it has. */
  due(): boolean {
    return --this.#left <= 0 || performance.now() >= this.#turnEndsAt;
  }

  async yield(): Promise<void> {
    await setImmediate();
    this.#left = objectsPerTurn;
    this.#turnEndsAt = performance.now() + turnMs;
  }
}
