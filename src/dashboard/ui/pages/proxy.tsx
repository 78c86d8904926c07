/** One proxy, and every resource it holds: in force, or sent and not acknowledged yet. */

import type { ProxyDetailView } from '../../views/types.ts';
import { Badge } from '../components/badge.tsx';
import { Facts } from '../components/facts.tsx';
import { Link, ObjectLink } from '../components/link.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { ProxyState } from '../components/pod-table.tsx';
import { type Column, Table } from '../components/table.tsx';
import { ValidityBar } from '../components/validity.tsx';
import { formatSpan, unknown } from '../format/numbers.ts';
import { useData } from '../state/use-data.ts';

type Held = ProxyDetailView['resources'][number];

const columns: readonly Column<Held>[] = [
  { id: 'kind', head: 'Kind', cell: ({ kind }) => kind, sort: ({ kind }) => kind },
  { id: 'name', head: 'Resource', cell: ({ name }) => <code>{name}</code>, sort: ({ name }) => name },
  { id: 'version', head: 'Version', cell: ({ version }) => <code>{version ?? 'none'}</code> },
  {
    id: 'state',
    head: 'State',
    cell: ({ current, version }) =>
      version === undefined ? (
        <Badge tone="plain">does not exist</Badge>
      ) : current ? (
        <Badge tone="good">acknowledged</Badge>
      ) : (
        <Badge tone="warn">not acknowledged</Badge>
      ),
    sort: ({ current }) => Number(current),
  },
];

export function ProxyPage({ namespace, pod }: { readonly namespace: string; readonly pod: string }) {
  const data = useData<ProxyDetailView>(`proxies/${encodeURIComponent(pod)}`, { namespace });
  return (
    <Page
      title={pod}
      about={`Proxy in ${namespace}`}
      actions={
        <Link class="button" path={['tap']} query={{ ns: namespace, target: `pod/${pod}` }}>
          Tap
        </Link>
      }
    >
      <Loaded data={data}>{(proxy) => <Details proxy={proxy} />}</Loaded>
    </Page>
  );
}

function ago(ms: number | undefined): string {
  return ms === undefined ? unknown : `${formatSpan(ms)} ago`;
}

function Details({ proxy }: { readonly proxy: ProxyDetailView }) {
  return (
    <>
      <Facts
        facts={[
          ['State', <ProxyState proxy={proxy} />],
          ['Workload', <ObjectLink object={proxy.workload} />],
          ['Identity', <code>{proxy.identity}</code>],
          ['Certificate', <ValidityBar validity={proxy.certificate ?? {}} nowMs={Date.now()} />],
          ['Control plane', proxy.replica ?? unknown],
          ['Connected', ago(proxy.connectedForMs)],
          ['Last acknowledged', ago(proxy.lastAckAgoMs)],
          ['Refused', String(proxy.rejected ?? unknown)],
        ]}
      />
      <section aria-labelledby="held">
        <h2 id="held">What it holds</h2>
        <Table
          caption="Resources"
          columns={columns}
          rows={proxy.resources}
          keyOf={({ kind, name }) => `${kind} ${name}`}
          textOf={({ kind, name }) => `${kind} ${name}`}
          empty={proxy.connected ? 'It holds nothing.' : 'It is not connected.'}
        />
      </section>
    </>
  );
}
