/**
 * `npm test`: every tier in turn, one closing line `N passed, N failed, N skipped`.
 *
 *   npm test                     everything
 *   npm test -- unit golden      these tiers
 *   npm test -- --only PATTERN   tests whose file matches the regular expression
 *
 * A tier that cannot run here is skipped with its reason, never silently.
 */

import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';

interface Tier {
  readonly name: string;
  readonly files: readonly string[];
  /** Test files at a time; the ones that share a cluster run one by one. */
  readonly concurrency: number;
  /** For each file. Default 10 minutes. */
  readonly timeoutMs?: number;
  /** Why the tier cannot run here, or undefined. */
  readonly obstacle: () => string | undefined;
  /** Runs before the tier's files; what it returns ends what it began. */
  readonly prepare?: () => Promise<() => Promise<void>>;
}

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** What failed, told again at the end: the log of a whole run is long. */
  readonly failures: string[];
}

const tiers: readonly Tier[] = [
  {
    name: 'unit',
    files: globSync([
      'src/**/*.test.ts',
      'dev/**/*.test.ts',
      'test/*.test.ts',
      'test/bench/*.test.ts',
      'test/conformance/*.test.ts',
    ]),
    concurrency: availableParallelism(),
    obstacle: () => undefined,
  },
  {
    name: 'golden',
    files: globSync('test/golden/*.test.ts'),
    concurrency: availableParallelism(),
    obstacle: () => undefined,
  },
  {
    name: 'integration',
    files: globSync('test/integration/*.test.ts'),
    concurrency: 1,
    obstacle: noLocalCluster,
  },
  {
    name: 'e2e',
    files: globSync('test/e2e/*.test.ts'),
    concurrency: 1,
    obstacle: noLocalCluster,
    prepare: async () => {
      const { shareMesh } = await import('./e2e/harness.ts');
      return shareMesh();
    },
  },
  {
    name: 'conformance',
    files: globSync('test/conformance/full/*.test.ts'),
    concurrency: 1,
    timeoutMs: 2_400_000,
    obstacle: noLocalCluster,
  },
];

function noLocalCluster(): string | undefined {
  if (process.platform !== 'linux') return `needs Linux for a local Kubernetes, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'needs root for a local Kubernetes (network namespaces, containerd)';
  return undefined;
}

async function runTier(tier: Tier, files: readonly string[], tally: Tally): Promise<void> {
  const obstacle = tier.obstacle();
  if (obstacle !== undefined) {
    tally.skipped += files.length;
    console.log(`SKIP ${tier.name} (${files.length} files): ${obstacle}`);
    return;
  }
  const startedMs = Date.now();
  const before = { ...tally };
  const finish = await prepared(tier, files, tally);
  if (finish === undefined) return;
  try {
    await runFiles(files, tier, tally);
  } finally {
    await finish();
  }
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  console.log(
    `${tier.name}: ${tally.passed - before.passed} passed, ${tally.failed - before.failed} failed in ${seconds} s\n`,
  );
}

/** A tier whose preparation fails has failed as a whole: its files could not run. */
async function prepared(
  tier: Tier,
  files: readonly string[],
  tally: Tally,
): Promise<(() => Promise<void>) | undefined> {
  try {
    return (await tier.prepare?.()) ?? (() => Promise.resolve());
  } catch (error) {
    tally.failed += files.length;
    tally.failures.push(`all of ${tier.name}: it could not be prepared`);
    console.log(
      `FAIL ${tier.name} could not be prepared: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return undefined;
  }
}

function runFiles(files: readonly string[], tier: Tier, tally: Tally): Promise<void> {
  return new Promise((resolve, reject) => {
    const { concurrency, timeoutMs = 600_000 } = tier;
    const stream = run({ files: [...files], concurrency, timeout: timeoutMs });
    stream.on('test:pass', (event) => {
      if (event.details.type === 'suite') return;
      if (event.skip !== undefined && event.skip !== false) {
        tally.skipped++;
        console.log(`SKIP ${event.name}: ${String(event.skip)}`);
      } else {
        tally.passed++;
        if (event.details.duration_ms > 2000)
          console.log(`ok   ${event.name} (${(event.details.duration_ms / 1000).toFixed(1)} s)`);
      }
    });
    stream.on('test:fail', (event) => {
      // A suite fails with its tests, which are told by themselves; one whose preparation failed has only itself.
      if (event.details.type === 'suite' && failureType(event.details.error) === 'subtestsFailed') return;
      tally.failed++;
      tally.failures.push(`${relative(process.cwd(), event.file ?? '')}: ${event.name}`);
      const error = event.details.error;
      const cause =
        error.cause instanceof Error
          ? (error.cause.stack ?? error.cause.message)
          : String(error.cause ?? error);
      console.log(
        `FAIL ${event.name}\n     ${event.file ?? ''}:${event.line ?? ''}\n${cause.replace(/^/gm, '     ')}`,
      );
    });
    stream.on('test:stderr', (event) => process.stderr.write(event.message));
    stream.on('end', () => resolve());
    stream.on('error', reject);
    stream.resume();
  });
}

function failureType(error: Error): unknown {
  return 'failureType' in error ? error.failureType : undefined;
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } });
const unknown = positionals.filter((name) => !tiers.some((tier) => tier.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no tier ${unknown.join(', ')}; the tiers are ${tiers.map((tier) => tier.name).join(', ')}.`,
  );
  process.exit(2);
}

const only = new RegExp(values.only ?? '');
const tally: Tally = { passed: 0, failed: 0, skipped: 0, failures: [] };
for (const tier of tiers) {
  if (positionals.length > 0 && !positionals.includes(tier.name)) continue;
  const files = tier.files.filter((file) => only.test(file)).sort();
  if (files.length > 0) await runTier(tier, files, tally);
}
if (tally.failures.length > 0)
  console.log(`failed:\n${tally.failures.map((what) => `  ${what}\n`).join('')}`);
console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
process.exit(tally.failed > 0 || tally.passed === 0 ? 1 : 0);
