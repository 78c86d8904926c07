/** The replicas of the control plane, and what each of them has. */

import type { ReplicaView } from '../../views/types.ts';
import { formatCount, formatSpan, unknown } from '../format/numbers.ts';
import { Badge } from './badge.tsx';
import { type Column, Table } from './table.tsx';

export function Replicas({
  replicas,
  nowMs,
}: {
  readonly replicas: readonly ReplicaView[];
  readonly nowMs: number;
}) {
  const columns: readonly Column<ReplicaView>[] = [
    { id: 'name', head: 'Control plane', cell: (replica) => replica.name },
    {
      id: 'state',
      head: 'State',
      cell: ({ answering, leading }) =>
        answering ? (
          <>
            <Badge tone="good">answers</Badge>{' '}
            {leading === true ? <Badge tone="plain">leads</Badge> : undefined}
          </>
        ) : (
          <Badge tone="bad">does not answer</Badge>
        ),
    },
    { id: 'version', head: 'Version', cell: (replica) => replica.version ?? unknown },
    {
      id: 'proxies',
      head: 'Proxies',
      numeric: true,
      cell: ({ proxies }) => (proxies === undefined ? unknown : formatCount(proxies)),
    },
    {
      id: 'since',
      head: 'Counts since',
      numeric: true,
      cell: ({ sinceMs }) => (sinceMs === undefined ? unknown : formatSpan(nowMs - sinceMs)),
    },
  ];
  return (
    <Table
      id="replica"
      caption="Replicas of the control plane"
      columns={columns}
      rows={replicas}
      keyOf={(replica) => replica.name}
      empty="No replica is known."
    />
  );
}
