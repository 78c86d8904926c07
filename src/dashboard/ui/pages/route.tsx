/** One route: its parents, and rule by rule what matches, what happens, and where it really went. */

import type { RouteParentView, RouteRuleView, RouteView } from '../../views/types.ts';
import { Badge } from '../components/badge.tsx';
import { Facts } from '../components/facts.tsx';
import { Link, ObjectLink } from '../components/link.tsx';
import { MissingItem } from '../components/missing-item.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { Split } from '../components/split.tsx';
import { TimeLines } from '../components/time-lines.tsx';
import { TrafficTiles } from '../components/traffic.tsx';
import { explainPath } from '../state/object-path.ts';
import { useItem } from '../state/use-list.ts';
import { useTimeLine } from '../state/use-time-line.ts';

export interface RoutePageProps {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

export function RoutePage({ namespace, kind, name }: RoutePageProps) {
  const { data, item } = useItem<RouteView>(
    'routes',
    namespace,
    (route) => route.namespace === namespace && route.kind === kind && route.name === name,
  );
  return (
    <Page
      title={name}
      about={`${kind} in ${namespace}`}
      actions={
        <Link class="button" path={explainPath({ kind, namespace, name })}>
          Explain
        </Link>
      }
    >
      <Loaded data={data}>
        {() => (item === undefined ? <MissingItem kind={kind} name={name} /> : <Details route={item} />)}
      </Loaded>
    </Page>
  );
}

function Details({ route }: { readonly route: RouteView }) {
  const { namespace, name } = route;
  const line = useTimeLine({ route: `${namespace}/${name}`, side: 'client' }, namespace);
  return (
    <>
      <TrafficTiles traffic={route.traffic} />
      <TimeLines line={line} />
      <Facts
        facts={[
          ['Hostnames', route.hostnames.length === 0 ? 'any' : route.hostnames.join(', ')],
          [
            'Attached to',
            <ul class="objects">
              {route.parents.map((parent, index) => (
                <Parent key={index} parent={parent} />
              ))}
            </ul>,
          ],
        ]}
      />
      <section aria-labelledby="rules">
        <h2 id="rules">Rules</h2>
        <ol class="rules">
          {route.rules.map((rule, index) => (
            <Rule key={index} rule={rule} number={index + 1} />
          ))}
        </ol>
      </section>
    </>
  );
}

function Parent({
  parent: { object, accepted, resolved, reason, message },
}: {
  readonly parent: RouteParentView;
}) {
  const isGood = accepted && resolved;
  return (
    <li>
      <ObjectLink object={object} />{' '}
      <Badge tone={isGood ? 'good' : 'bad'}>{isGood ? 'in force' : reason}</Badge>
      {isGood || message === '' ? undefined : <p class="muted">{message}</p>}
    </li>
  );
}

function Rule({ rule, number }: { readonly rule: RouteRuleView; readonly number: number }) {
  return (
    <li class="rule">
      <h3>{rule.name === '' ? `Rule ${number}` : rule.name}</h3>
      <ul class="matches">
        {rule.matches.length === 0 ? <li class="muted">everything</li> : undefined}
        {rule.matches.map((match) => (
          <li key={match}>
            <code>{match}</code>
          </li>
        ))}
      </ul>
      {rule.actions.length === 0 ? undefined : <p>{rule.actions.join(', ')}</p>}
      <Split backends={rule.backends} />
    </li>
  );
}
