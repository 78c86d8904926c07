/** Every policy: what it decides, what it names, what it is in force for. */

import type { PolicyView } from '../../views/types.ts';
import { Badge } from '../components/badge.tsx';
import { ObjectLink } from '../components/link.tsx';
import { Objects } from '../components/objects.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { type Column, Table } from '../components/table.tsx';
import { useList } from '../state/use-list.ts';

const columns: readonly Column<PolicyView>[] = [
  {
    id: 'name',
    head: 'Policy',
    cell: (policy) => <ObjectLink object={policy} />,
    sort: ({ kind, namespace, name }) => `${kind} ${namespace}/${name}`,
  },
  {
    id: 'state',
    head: 'State',
    cell: (policy) => <PolicyState policy={policy} />,
    sort: ({ accepted }) => Number(accepted),
  },
  { id: 'effect', head: 'Decides', cell: ({ effect }) => effect, sort: ({ effect }) => effect },
  {
    id: 'targets',
    head: 'Names',
    cell: ({ targets }) =>
      targets.length === 0 ? (
        <span class="muted">its whole namespace</span>
      ) : (
        <ul class="objects">
          {targets.map((target) => (
            <li key={`${target.kind} ${target.name}`}>
              <ObjectLink object={target} /> {target.missing ? <Badge tone="bad">missing</Badge> : undefined}
            </li>
          ))}
        </ul>
      ),
  },
  {
    id: 'affects',
    head: 'In force for',
    cell: ({ affects }) => <Objects objects={affects} none="nothing" />,
    sort: ({ affects }) => affects.length,
  },
];

function PolicyState({ policy: { accepted, reason, message } }: { readonly policy: PolicyView }) {
  if (accepted) return <Badge tone="good">accepted</Badge>;
  return (
    <>
      <Badge tone="bad">{reason}</Badge>
      {message === '' ? undefined : <p class="muted small">{message}</p>}
    </>
  );
}

export function PoliciesPage() {
  const data = useList<PolicyView>('policies');
  return (
    <Page title="Policies" about="What is decided for workloads, Services and routes, and by which object.">
      <Loaded data={data}>
        {({ items }) => (
          <Table
            caption="Policies"
            columns={columns}
            rows={items}
            keyOf={({ kind, namespace, name }) => `${kind} ${namespace}/${name}`}
            textOf={({ kind, namespace, name, effect }) => `${kind} ${namespace}/${name} ${effect}`}
            empty="There is no policy here: the defaults of the mesh hold."
          />
        )}
      </Loaded>
    </Page>
  );
}
