/** Proxies: whether each is connected, what it holds, what it has acknowledged. */

import type { ProxyView } from '../../views/types.ts';
import { formatCount, formatSpan, plural, unknown } from '../format/numbers.ts';
import { useData } from '../state/use-data.ts';
import type { Listing } from '../../views/types.ts';
import { Badge } from './badge.tsx';
import { Link, ObjectLink } from './link.tsx';
import { Loaded } from './page.tsx';
import { type Column, Table } from './table.tsx';

export function ProxyState({ proxy }: { readonly proxy: ProxyView }) {
  if (!proxy.connected) return <Badge tone="bad">not connected</Badge>;
  if ((proxy.rejected ?? 0) > 0) return <Badge tone="bad">refused {proxy.rejected}</Badge>;
  return proxy.inSync ? (
    <Badge tone="good">in sync</Badge>
  ) : (
    <Badge tone="warn">{plural(proxy.pending ?? 0, 'resource')} behind</Badge>
  );
}

function heldCount(proxy: ProxyView): number | undefined {
  if (proxy.held === undefined) return undefined;
  return Object.values(proxy.held).reduce((sum, count) => sum + count, 0);
}

export const proxyColumns: readonly Column<ProxyView>[] = [
  {
    id: 'pod',
    head: 'Pod',
    cell: ({ namespace, pod }) => (
      <Link path={['proxies', namespace, pod]}>
        <span class="muted">{namespace}/</span>
        {pod}
      </Link>
    ),
    sort: ({ namespace, pod }) => `${namespace}/${pod}`,
  },
  {
    id: 'workload',
    head: 'Workload',
    cell: ({ workload }) => <ObjectLink object={workload} plain />,
    sort: ({ workload }) => workload.name,
  },
  {
    id: 'state',
    head: 'State',
    cell: (proxy) => <ProxyState proxy={proxy} />,
    sort: (proxy) => (proxy.connected ? (proxy.inSync ? 2 : 1) : 0),
  },
  {
    id: 'held',
    head: 'Holds',
    numeric: true,
    cell: (proxy) => {
      const count = heldCount(proxy);
      return count === undefined ? unknown : formatCount(count);
    },
    sort: heldCount,
  },
  {
    id: 'ack',
    head: 'Last acknowledged',
    numeric: true,
    cell: ({ lastAckAgoMs }) => (lastAckAgoMs === undefined ? unknown : `${formatSpan(lastAckAgoMs)} ago`),
    sort: ({ lastAckAgoMs }) => lastAckAgoMs,
  },
  {
    id: 'replica',
    head: 'Control plane',
    cell: ({ replica }) => replica ?? unknown,
    sort: ({ replica }) => replica,
  },
];

export interface PodTableProps {
  readonly namespace: string;
  readonly isMine: (proxy: ProxyView) => boolean;
}

/** The proxies of one object. */
export function PodTable({ namespace, isMine }: PodTableProps) {
  const data = useData<Listing<ProxyView>>('proxies', { namespace });
  return (
    <section>
      <h2>Pods</h2>
      <Loaded data={data}>
        {({ items }) => (
          <Table
            id="pod"
            caption="Pods"
            columns={proxyColumns.filter(({ id }) => id !== 'workload')}
            rows={items.filter(isMine)}
            keyOf={({ pod }) => pod}
            empty="It has no pods at present."
          />
        )}
      </Loaded>
    </section>
  );
}
