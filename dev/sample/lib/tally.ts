/** What the load generator saw: calls per service and version over a window, and totals since the start. */

export interface Sample {
  readonly atMs: number;
  readonly service: string;
  /** Who answered; `-` where nobody did. */
  readonly version: string;
  readonly latencyMs: number;
  /** Absent on success. */
  readonly error?: string;
}

export interface Line {
  readonly service: string;
  readonly version: string;
  readonly perSecond: number;
  /** Share of calls that were answered as they should, 0 to 1. */
  readonly success: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** In the window. */
  readonly calls: number;
  readonly lastError?: string;
}

export interface Report {
  readonly windowSeconds: number;
  readonly lines: readonly Line[];
  /** Since the start, by service. */
  readonly totals: Readonly<Record<string, Total>>;
}

export interface Total {
  readonly calls: number;
  readonly failures: number;
  /** Calls by who answered. */
  readonly versions: Readonly<Record<string, number>>;
}

export const keepMs = 30_000;

export class Tally {
  readonly #now: () => number;
  #samples: Sample[] = [];
  readonly #totals: Record<string, { calls: number; failures: number; versions: Record<string, number> }> =
    {};

  constructor(now: () => number) {
    this.#now = now;
  }

  add(sample: Sample): void {
    this.#samples.push(sample);
    const total = (this.#totals[sample.service] ??= { calls: 0, failures: 0, versions: {} });
    total.calls += 1;
    total.versions[sample.version] = (total.versions[sample.version] ?? 0) + 1;
    if (sample.error !== undefined) total.failures += 1;
    // Rarely, so that forgetting costs little per sample.
    if (this.#samples.length % 1024 === 0) {
      this.#samples = this.#samples.filter(({ atMs }) => atMs > this.#now() - keepMs);
    }
  }

  /** Lines in ascending order of service and version; at most the last 30 seconds are known. */
  report(windowSeconds: number): Report {
    const sinceMs = this.#now() - windowSeconds * 1000;
    const groups = new Map<string, Sample[]>();
    for (const sample of this.#samples) {
      if (sample.atMs <= sinceMs) continue;
      const key = `${sample.service} ${sample.version}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [sample]);
      else group.push(sample);
    }
    const lines = [...groups.keys()].sort().map((key) => summarise(groups.get(key) ?? [], windowSeconds));
    return { windowSeconds, lines, totals: structuredClone(this.#totals) };
  }
}

function summarise(samples: readonly Sample[], windowSeconds: number): Line {
  const { service = '', version = '' } = samples[0] ?? {};
  const latencies = samples.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const failed = samples.filter(({ error }) => error !== undefined);
  const lastError = failed.at(-1)?.error;
  return {
    service,
    version,
    perSecond: samples.length / windowSeconds,
    success: 1 - failed.length / samples.length,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    calls: samples.length,
    ...(lastError === undefined ? {} : { lastError }),
  };
}

/** By nearest rank, of an ascending list. */
export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.max(0, Math.ceil(ascending.length * share) - 1)] ?? 0;
}
