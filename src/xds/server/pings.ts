/** Finds connections whose other end is gone without a word. */

import type { ServerHttp2Session } from 'node:http2';
import { setImmediate } from 'node:timers';
import type { Clock } from '../../base/clock.ts';
import { socketOf } from './tls.ts';

export class Pings {
  readonly #sessions: Iterable<ServerHttp2Session>;
  readonly #clock: Clock;
  readonly #pingMs: number;
  readonly #pinged = new WeakMap<ServerHttp2Session, number>();
  #cancel: () => void = () => undefined;

  /** @param pingMs between two pings to each connection; who says nothing for twice as long is dead */
  constructor(sessions: Iterable<ServerHttp2Session>, clock: Clock, pingMs: number) {
    this.#sessions = sessions;
    this.#clock = clock;
    this.#pingMs = pingMs;
  }

  /** Spreads the pings over the interval. */
  start(): void {
    this.#cancel = this.#clock.after(this.#pingMs / 10, () => {
      this.#step();
      this.start();
    });
  }

  stop(): void {
    this.#cancel();
  }

  #step(): void {
    const now = this.#clock.monotonic();
    for (const session of this.#sessions) {
      if (session.destroyed || now - (this.#pinged.get(session) ?? 0) < this.#pingMs) continue;
      this.#pinged.set(session, now);
      this.#ping(session);
    }
  }

  /**
   * Dead is who says nothing at all. The answer of one that is slow stands behind everything that was sent to it and
   * that it has not read yet, which on a starved node takes its time; what it says meanwhile shows that it lives. Who is
   * dead costs a little memory for as long as we wait, and nothing else: when it comes back, its new stream takes the
   * place of the old one. And what has come while this process itself stood still must be read before the judgement.
   */
  #ping(session: ServerHttp2Session): void {
    const socket = socketOf(session);
    const readBefore = socket?.bytesRead;
    const judge = (): void => {
      if (socket?.bytesRead === readBefore) session.destroy();
    };
    const cancel = this.#clock.after(this.#pingMs * 2, () => setImmediate(judge));
    const answered = (): void => {
      cancel();
      session.off('close', cancel);
    };
    session.once('close', cancel);
    if (!session.ping(answered)) session.destroy();
  }
}
