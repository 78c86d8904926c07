/** Is all well, and if not: what is wrong now, why, and what to do. */

import type { Overview } from '../../views/types.ts';
import { Link } from '../components/link.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { Problems } from '../components/problems.tsx';
import { Replicas } from '../components/replicas.tsx';
import { TimeLines } from '../components/time-lines.tsx';
import { Tile, TrafficTiles } from '../components/traffic.tsx';
import { formatCount, formatSpan, plural } from '../format/numbers.ts';
import { place } from '../state/browser.ts';
import { namespaceOf } from '../state/choices.ts';
import { useData } from '../state/use-data.ts';
import { useStore } from '../state/use-store.ts';
import { useTimeLine } from '../state/use-time-line.ts';

export function OverviewPage() {
  const namespace = namespaceOf(useStore(place));
  const data = useData<Overview>('overview', { namespace });
  return (
    <Page title="Overview" about={namespace === '' ? 'The whole mesh, now.' : `Namespace ${namespace}, now.`}>
      <Loaded data={data}>{(overview) => <Health overview={overview} />}</Loaded>
    </Page>
  );
}

function Health({ overview }: { readonly overview: Overview }) {
  const line = useTimeLine();
  return (
    <>
      <Verdict overview={overview} />
      {overview.problems.length === 0 ? undefined : <Problems problems={overview.problems} />}
      <section aria-labelledby="signals">
        <h2 id="signals">
          Golden signals <small class="muted">what is received; numbers of the last minute</small>
        </h2>
        <TrafficTiles traffic={overview.traffic} />
        <TimeLines line={line} />
      </section>
      <section aria-labelledby="mesh">
        <h2 id="mesh">The mesh</h2>
        <Counts overview={overview} />
        <Replicas replicas={overview.replicas} nowMs={overview.nowMs} />
      </section>
    </>
  );
}

function Verdict({ overview: { problems } }: { readonly overview: Overview }) {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.filter(({ severity }) => severity === 'warning').length;
  const tone = errors > 0 ? 'bad' : warnings > 0 ? 'warn' : 'good';
  const words =
    errors > 0
      ? `${plural(errors, 'thing')} ${errors === 1 ? 'is' : 'are'} broken`
      : warnings > 0
        ? `It works, with ${plural(warnings, 'warning')}`
        : 'All is well';
  return (
    <p class={`verdict verdict-${tone}`} role="status">
      {words}
    </p>
  );
}

function Counts({ overview }: { readonly overview: Overview }) {
  const { proxies, counts, authority, nowMs } = overview;
  const untilRoot = authority.rootNotAfterMs - nowMs;
  return (
    <dl class="tiles">
      <Tile
        name="Proxies in sync"
        value={`${formatCount(proxies.inSync)} of ${formatCount(proxies.expected)}`}
        health={proxies.inSync === proxies.expected ? 'good' : 'degraded'}
        note={proxies.rejecting > 0 ? `${proxies.rejecting} refuse configuration` : 'none refuses'}
      />
      <Tile
        name="Workloads"
        value={formatCount(counts.workloads)}
        note={`in ${plural(counts.namespaces, 'namespace')}`}
      />
      <Tile name="Services" value={formatCount(counts.services)} />
      <Tile name="Routes" value={formatCount(counts.routes)} />
      <Tile name="Policies" value={formatCount(counts.policies)} />
      <Tile name="Gateways" value={formatCount(counts.gateways)} />
      <Tile
        name="Root certificate"
        value={untilRoot > 0 ? formatSpan(untilRoot) : 'expired'}
        health={untilRoot > 30 * 86_400_000 ? 'good' : untilRoot > 0 ? 'degraded' : 'bad'}
        note="until it ends"
      />
      <div class="tile tile-links">
        <dt>More</dt>
        <dd>
          <Link path={['proxies']}>Proxies</Link> · <Link path={['certificates']}>Certificates</Link>
        </dd>
      </div>
    </dl>
  );
}
