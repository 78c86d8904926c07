/** Every route: whether it is in force, and how its traffic really splits. */

import type { RouteView } from '../../views/types.ts';
import { ObjectLink } from '../components/link.tsx';
import { Objects } from '../components/objects.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { RouteState } from '../components/route-state.tsx';
import { SplitStrip } from '../components/split-strip.tsx';
import { type Column, Table } from '../components/table.tsx';
import { trafficColumns } from '../components/traffic.tsx';
import { useList } from '../state/use-list.ts';

const columns: readonly Column<RouteView>[] = [
  {
    id: 'name',
    head: 'Route',
    cell: (route) => <ObjectLink object={route} />,
    sort: ({ namespace, name }) => `${namespace}/${name}`,
  },
  {
    id: 'state',
    head: 'State',
    cell: (route) => <RouteState parents={route.parents} />,
    sort: ({ parents }) => parents.filter(({ accepted, resolved }) => accepted && resolved).length,
  },
  {
    id: 'parents',
    head: 'Attached to',
    cell: ({ parents }) => <Objects objects={parents.map(({ object }) => object)} />,
  },
  { id: 'split', head: 'Split, real', cell: ({ rules }) => <SplitStrip rules={rules} /> },
  ...trafficColumns<RouteView>(),
];

export function RoutesPage() {
  const data = useList<RouteView>('routes');
  return (
    <Page title="Routes" about="How requests find their way. Traffic is that of the last minute.">
      <Loaded data={data}>
        {({ items }) => (
          <Table
            caption="Routes"
            columns={columns}
            rows={items}
            keyOf={({ namespace, kind, name }) => `${namespace}/${kind}/${name}`}
            textOf={({ namespace, kind, name, hostnames }) =>
              `${namespace}/${name} ${kind} ${hostnames.join(' ')}`
            }
            empty="There is no route here."
          />
        )}
      </Loaded>
    </Page>
  );
}
