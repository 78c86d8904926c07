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

const pushMetrics = (sync: {
  readonly seconds: number;
  readonly cpuSeconds: number;
}): BenchCase['metrics'] => ({
  endpointMedianMs: atMost(60),
  endpointP99Ms: undefined,
  routeMedianMs: atMost(60),
  routeP99Ms: undefined,
  syncSeconds: atMost(sync.seconds),
  syncCpuSeconds: atMost(sync.cpuSeconds),
  syncPeakMB: atMost(400),
  steadyMB: atMost(250),
  bytesPerClient: undefined,
});

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
  {
    name: 'push-100',
    about: 'changes to 100 proxies that hold the whole mesh, and their first connection',
    load: () => import('./push-100.ts'),
    onWorkload: true,
    metrics: pushMetrics({ seconds: 10, cpuSeconds: 8 }),
  },
  {
    name: 'push-1000',
    about: 'the same with 1,000 proxies',
    load: () => import('./push-1000.ts'),
    onWorkload: true,
    metrics: pushMetrics({ seconds: 10, cpuSeconds: 8 }),
  },
  {
    name: 'scoped-1000',
    about: 'the same, each proxy holding the 20 Services it uses',
    load: () => import('./scoped-1000.ts'),
    onWorkload: true,
    metrics: pushMetrics({ seconds: 1, cpuSeconds: 1 }),
  },
  {
    name: 'reconnect-1000',
    about: 'a control plane that was killed is back, and 1,000 proxies still hold the whole mesh',
    load: () => import('./reconnect-1000.ts'),
    onWorkload: true,
    metrics: { seconds: atMost(10), resourcesResent: atMost(0) },
  },
  {
    name: 'sidecar',
    about: 'the real Envoy with 20 Services in use, against no mesh, at 1,000 requests per second',
    load: () => import('./sidecar.ts'),
    metrics: {
      rssAnonMB: atMost(20),
      rssAnonLoadedMB: undefined,
      addedP50Ms: atMost(0.5),
      addedP99Ms: undefined,
      cpuPer1000rps: undefined,
    },
  },
  {
    name: 'start',
    about: 'from the start of the process to ready, with workload W present',
    load: () => import('./start.ts'),
    onWorkload: true,
    metrics: { readySeconds: atMost(1) },
  },
  {
    name: 'eventloop',
    about: 'the longest stall of the control plane at 1,000 proxies: start, sync, changes',
    load: () => import('./eventloop.ts'),
    onWorkload: true,
    metrics: { maxStallMs: atMost(50) },
  },
  {
    name: 'telemetry-proxy',
    about:
      'what counting and reporting cost the proxies of a client and a server, at 1,000 requests per second',
    load: () => import('./telemetry-proxy.ts'),
    metrics: {
      cpuRatio: atMost(1.05),
      plainMicrosPerRequest: undefined,
      microsPerRequest: undefined,
      bytesPerReport: undefined,
      addedMB: undefined,
    },
  },
  {
    name: 'telemetry-1000',
    about: '1,000 proxies that report every ten seconds, against the same connections without a word',
    load: () => import('./telemetry-1000.ts'),
    onWorkload: true,
    metrics: {
      cpuPercentOfOneCore: atMost(30),
      addedMB: atMost(200),
      addedAfterAnHourMB: atMost(200),
      reportMicros: undefined,
      minuteQueryMs: undefined,
      hourQueryMs: undefined,
      maxStallMs: undefined,
      series: undefined,
    },
  },
  {
    name: 'dashboard-graph',
    about:
      'the graph page in Chromium, drawn by the processor: 200 nodes, 2,000 edges, new data every second',
    load: () => import('./dashboard-graph.ts'),
    metrics: {
      framesPerSecond: atLeast(30),
      p95FrameMs: undefined,
      zoomingFramesPerSecond: undefined,
      zoomingP95FrameMs: undefined,
    },
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
