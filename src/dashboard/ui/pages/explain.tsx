/** What an object became: the Envoy resources made from it, from what else, and on how many proxies they are in force. */

import { useState } from 'preact/hooks';
import type { ExplainedView } from '../../views/types.ts';
import { FindingItem } from '../components/finding-item.tsx';
import { Notice } from '../components/notice.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { type Column, Table } from '../components/table.tsx';
import { Badge } from '../components/badge.tsx';
import { formatPlace } from '../state/location.ts';
import { explainPath } from '../state/object-path.ts';
import { useData } from '../state/use-data.ts';
import { explainedKinds } from '../format/explained-kinds.ts';

export interface ExplainPageProps {
  readonly kind: string | undefined;
  /** `-` for objects without one. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

export function ExplainPage({ kind, namespace, name }: ExplainPageProps) {
  return (
    <Page title="Explain" about="What an object of the cluster became in the proxies, and why.">
      <ExplainForm key={`${kind}/${namespace}/${name}`} kind={kind} namespace={namespace} name={name} />
      {kind === undefined || namespace === undefined || name === undefined ? undefined : (
        <Answer kind={kind} namespace={namespace === '-' ? '' : namespace} name={name} />
      )}
    </Page>
  );
}

function ExplainForm(props: ExplainPageProps) {
  const [kind, setKind] = useState(props.kind ?? 'httproute');
  const [text, setText] = useState(
    props.name === undefined ? '' : `${props.namespace === '-' ? '' : `${props.namespace}/`}${props.name}`,
  );
  const submit = (event: Event): void => {
    event.preventDefault();
    const [first = '', ...rest] = text.trim().split('/');
    const object =
      rest.length === 0 ? { kind, name: first } : { kind, namespace: first, name: rest.join('/') };
    window.location.hash = formatPlace({ path: explainPath(object), query: {} });
  };
  return (
    <form class="form-row" onSubmit={submit}>
      <label class="field">
        <span>Kind</span>
        <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
          {explainedKinds.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label class="field field-wide">
        <span>Object</span>
        <input
          value={text}
          placeholder="namespace/name"
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button button-primary" disabled={text.trim() === ''}>
        Explain
      </button>
    </form>
  );
}

type Resource = ExplainedView['resources'][number];

const columns: readonly Column<Resource>[] = [
  { id: 'kind', head: 'Kind', cell: ({ kind }) => kind, sort: ({ kind }) => kind },
  { id: 'name', head: 'Resource', cell: ({ name }) => <code>{name}</code>, sort: ({ name }) => name },
  {
    id: 'force',
    head: 'In force',
    cell: ({ current, holders, rejected }) => (
      <>
        <Badge tone={rejected !== undefined ? 'bad' : current < holders ? 'warn' : 'good'}>
          {current} of {holders} proxies
        </Badge>
        {rejected === undefined ? undefined : <p class="small">refused: {rejected}</p>}
      </>
    ),
    sort: ({ holders }) => holders,
  },
  {
    id: 'from',
    head: 'Made from',
    cell: ({ from }) => (
      <ul class="objects">
        {from.map((object) => (
          <li key={object}>{object}</li>
        ))}
      </ul>
    ),
  },
];

function Answer({
  kind,
  namespace,
  name,
}: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}) {
  const data = useData<ExplainedView>('explain', { namespace, parameters: { kind, name } });
  return (
    <Loaded data={data}>
      {(explained) => (
        <>
          {explained.found ? undefined : (
            <Notice tone="warn" title={`The control plane knows no ${explained.object}`}>
              <p>It may not exist, or the mesh has no use for it.</p>
            </Notice>
          )}
          {explained.findings.length === 0 ? undefined : (
            <ul class="problems">
              {explained.findings.map((finding, index) => (
                <FindingItem key={`${finding.code} ${index}`} finding={finding} />
              ))}
            </ul>
          )}
          <Table
            caption="Resources made from it"
            columns={columns}
            rows={explained.resources}
            keyOf={(resource) => `${resource.kind} ${resource.name}`}
            textOf={(resource) => `${resource.kind} ${resource.name} ${resource.from.join(' ')}`}
            empty="No resource of any proxy is made from it."
          />
        </>
      )}
    </Loaded>
  );
}
