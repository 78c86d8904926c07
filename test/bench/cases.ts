/**
 * The cases of `npm run bench`: what each one measures, and what its figures may be. To add one: a file that
 * exports `run` (CaseModule), and an entry here.
 */

/** Put into a case's surroundings once for all cases of a run. */
export interface Surroundings {
  /** Of an API server that holds workload W, for the cases that ask for it. */
  readonly kubeconfigPath: string;
}

export type Figures = Readonly<Record<string, number>>;

export interface CaseModule {
  run(surroundings: Surroundings): Promise<Figures>;
}

export interface Budget {
  readonly limit: number;
  readonly side: 'at most' | 'at least';
}

export interface BenchCase {
  readonly name: string;
  readonly about: string;
  readonly load: () => Promise<CaseModule>;
  /** Whether it runs on workload W. */
  readonly onWorkload?: true;
  /** Metric to budget; without one where a figure is only told. */
  readonly metrics: Readonly<Record<string, Budget | undefined>>;
}

const atMost = (limit: number): Budget => ({ limit, side: 'at most' });
const atLeast = (limit: number): Budget => ({ limit, side: 'at least' });

export const cases: readonly BenchCase[] = [
  {
    name: 'admission',
    about: 'pods through the webhook, HTTPS, 16 connections',
    load: () => import('./admission.ts'),
    metrics: {
      reviewsPerSecond: atLeast(4000),
      p50Ms: undefined,
      p99Ms: atMost(10),
      cpuMsPerReview: atMost(0.25),
    },
  },
  {
    name: 'signing',
    about: 'workload certificates',
    load: () => import('./signing.ts'),
    metrics: { certificatesPerSecond: atLeast(3000) },
  },
  {
    name: 'cache',
    about: "20,000 pods into memory, against the client library's informer",
    load: () => import('./cache.ts'),
    metrics: { speedup: atLeast(3), heapRatio: atMost(0.2) },
  },
];

/** Throws what there is where a name is unknown; without names, all. */
export function chooseCases(names: readonly string[]): readonly BenchCase[] {
  if (names.length === 0) return cases;
  return names.map((name) => {
    const found = cases.find((one) => one.name === name);
    if (found !== undefined) return found;
    throw new Error(
      `there is no case ${JSON.stringify(name)}; cases: ${cases.map((one) => one.name).join(', ')}`,
    );
  });
}
