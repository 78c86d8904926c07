/** The other ends of somebody's traffic, over the chosen window. */

import type { TrafficAnswer, TrafficRow } from '../../../telemetry/model.ts';
import { formatMillis, formatRate } from '../format/numbers.ts';
import { place } from '../state/browser.ts';
import { windowOf } from '../state/choices.ts';
import { endOf } from '../state/end-name.ts';
import { useData } from '../state/use-data.ts';
import { useStore } from '../state/use-store.ts';
import { Badge } from './badge.tsx';
import { ObjectLink } from './link.tsx';
import { Loaded } from './page.tsx';
import { type Column, Table } from './table.tsx';
import { Success } from './traffic.tsx';

export interface PeersProps {
  readonly title: string;
  /** Filter of stat that names this end; it may say which side counts. */
  readonly self: Readonly<Record<string, string>>;
  /** What the rows are: the other end. */
  readonly dimension: 'source' | 'destination';
  readonly namespace: string;
}

export function Peers({ title, self, dimension, namespace }: PeersProps) {
  const window = windowOf(useStore(place));
  const data = useData<TrafficAnswer>('stat', {
    namespace,
    parameters: {
      groupBy: `${dimension},protocol,mtls`,
      // The proxy of the end that is asked about sees all of its traffic, also with ends that have none.
      side: dimension === 'source' ? 'server' : 'client',
      ...self,
      window: `${window.seconds}s`,
    },
  });
  return (
    <section>
      <h2>
        {title} <small class="muted">last {window.label.replace(/^1 /, '')}</small>
      </h2>
      <Loaded data={data}>
        {({ rows }) => (
          <Table
            id={dimension}
            caption={title}
            columns={columnsFor(dimension)}
            rows={rows}
            keyOf={(row) => JSON.stringify(row.group)}
            sortedBy="-rate"
            empty="No traffic in this window."
          />
        )}
      </Loaded>
    </section>
  );
}

function columnsFor(dimension: PeersProps['dimension']): readonly Column<TrafficRow>[] {
  const nameOf = (row: TrafficRow): string => row.group[dimension] ?? '';
  return [
    { id: 'name', head: 'Workload', cell: (row) => <End name={nameOf(row)} />, sort: nameOf },
    { id: 'protocol', head: 'Protocol', cell: (row) => row.group.protocol ?? '' },
    {
      id: 'mtls',
      head: 'Mutual TLS',
      cell: (row) =>
        row.group.mtls === 'true' ? <Badge tone="good">yes</Badge> : <Badge tone="warn">no</Badge>,
    },
    {
      id: 'rate',
      head: 'Requests/s',
      numeric: true,
      cell: (row) => formatRate(row.requestsPerSecond),
      sort: (row) => row.requestsPerSecond,
    },
    {
      id: 'success',
      head: 'Success',
      numeric: true,
      cell: (row) => <Success rate={row.successRate} />,
      sort: (row) => row.successRate,
    },
    {
      id: 'p99',
      head: 'p99',
      numeric: true,
      cell: (row) => formatMillis(row.latency?.p99),
      sort: (row) => row.latency?.p99,
    },
  ];
}

function End({ name }: { readonly name: string }) {
  const object = endOf(name);
  if (object !== undefined) return <ObjectLink object={object} />;
  return <span>{name === '' ? 'unknown clients' : name}</span>;
}
