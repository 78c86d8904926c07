/** Every certificate of the mesh and its age, from the root to each workload's. */

import type { CertificateView } from '../../views/types.ts';
import { ObjectLink } from '../components/link.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { type Column, Table } from '../components/table.tsx';
import { ValidityBar } from '../components/validity.tsx';
import { unknown } from '../format/numbers.ts';
import { useList } from '../state/use-list.ts';

function date(ms: number | undefined): string {
  return ms === undefined ? unknown : new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

/** Its beginning tells it from others; the whole is there for copying into a search. */
function Serial({ serial }: { readonly serial: string | undefined }) {
  if (serial === undefined) return <span class="muted">{unknown}</span>;
  return <code title={serial}>{serial.length > 16 ? `${serial.slice(0, 12)}…` : serial}</code>;
}

const ranks = { root: 0, intermediate: 1, serving: 2, workload: 3 } as const;

const columns: readonly Column<CertificateView>[] = [
  { id: 'kind', head: 'Kind', cell: ({ kind }) => kind, sort: ({ kind }) => ranks[kind] },
  {
    id: 'whose',
    head: 'Whose',
    cell: ({ object }) => <ObjectLink object={object} plain />,
    sort: ({ object }) => `${object.namespace ?? ''}/${object.name}`,
  },
  {
    id: 'identity',
    head: 'Identity',
    cell: ({ identity }) => <code>{identity}</code>,
    sort: ({ identity }) => identity,
  },
  {
    id: 'age',
    head: 'Life',
    cell: (certificate) => <ValidityBar validity={certificate} nowMs={Date.now()} />,
    sort: ({ notAfterMs }) => notAfterMs,
  },
  {
    id: 'from',
    head: 'From (UTC)',
    nowrap: true,
    cell: ({ notBeforeMs }) => date(notBeforeMs),
    sort: ({ notBeforeMs }) => notBeforeMs,
  },
  {
    id: 'until',
    head: 'Until (UTC)',
    nowrap: true,
    cell: ({ notAfterMs }) => date(notAfterMs),
    sort: ({ notAfterMs }) => notAfterMs,
  },
  { id: 'serial', head: 'Serial', cell: ({ serial }) => <Serial serial={serial} /> },
];

export function CertificatesPage() {
  const data = useList<CertificateView>('certificates');
  return (
    <Page
      title="Certificates"
      about="Who can prove who they are, and for how long. Workloads renew by themselves."
    >
      <Loaded data={data}>
        {({ items }) => (
          <Table
            caption="Certificates"
            columns={columns}
            rows={items}
            keyOf={({ kind, object }) => `${kind} ${object.namespace ?? ''}/${object.name}`}
            textOf={({ kind, object, identity, serial }) =>
              `${kind} ${object.namespace ?? ''}/${object.name} ${identity} ${serial ?? ''}`
            }
            sortedBy="kind"
            empty="No certificate is known."
          />
        )}
      </Loaded>
    </Page>
  );
}
