/** An open-loop load: requests leave on schedule whether or not earlier ones have been answered. */

import { type Call, Connections, perform } from './calls.ts';

export interface LoadReport {
  readonly sent: number;
  readonly done: number;
  readonly failed: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly statuses: Readonly<Record<string, number>>;
  /** By the `x-version` header of the answers. */
  readonly versions: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export class Load {
  readonly #call: Call;
  readonly #perSecond: number;
  readonly #connections: Connections;
  readonly #timer: NodeJS.Timeout;
  readonly #startedMs = performance.now();
  readonly #latencies: number[] = [];
  readonly #errors: Record<string, number> = {};
  readonly #statuses: Record<string, number> = {};
  readonly #versions: Record<string, number> = {};
  readonly #pending = new Set<Promise<void>>();
  #sent = 0;
  #failed = 0;

  constructor(call: Call, perSecond: number) {
    this.#call = call;
    this.#perSecond = perSecond;
    this.#connections = new Connections(call.keepAlive ?? true);
    this.#timer = setInterval(() => this.#sendDue(), 5);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    this.#connections.close();
  }

  report(): LoadReport {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const quantile = (q: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
    return {
      sent: this.#sent,
      done: sorted.length,
      failed: this.#failed,
      errors: this.#errors,
      statuses: this.#statuses,
      versions: this.#versions,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
    };
  }

  #sendDue(): void {
    const due = Math.floor(((performance.now() - this.#startedMs) / 1000) * this.#perSecond);
    while (this.#sent < due) {
      this.#sent++;
      const one = this.#one();
      this.#pending.add(one);
      void one.then(() => this.#pending.delete(one));
    }
  }

  async #one(): Promise<void> {
    const outcome = await perform(this.#call, this.#connections);
    this.#latencies.push(outcome.ms);
    count(this.#statuses, String(outcome.status));
    count(this.#versions, outcome.headers['x-version'] ?? 'none');
    if (outcome.ok) return;
    this.#failed++;
    count(this.#errors, outcome.error ?? `status ${outcome.status}: ${outcome.body.slice(0, 120)}`);
  }
}

function count(into: Record<string, number>, key: string): void {
  into[key] = (into[key] ?? 0) + 1;
}
