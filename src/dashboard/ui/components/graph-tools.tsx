/** What of the graph is shown, and how. */

import { changeQuery } from '../state/browser.ts';
import type { GraphChoices } from '../state/graph-choices.ts';
import { Choice } from './choice.tsx';

export function GraphTools({ choices }: { readonly choices: GraphChoices }) {
  return (
    <>
      <input
        type="search"
        id="graph-search"
        placeholder="Search ( / )"
        aria-label="Search in the graph"
        value={choices.search}
        onInput={(event) => changeQuery({ q: event.currentTarget.value })}
      />
      <label class="field">
        <span>Show</span>
        <select value={choices.show} onChange={(event) => changeQuery({ show: event.currentTarget.value })}>
          <option value="all">all traffic</option>
          <option value="failing">failing</option>
          <option value="plaintext">without mutual TLS</option>
        </select>
      </label>
      <label class="field">
        <span>At least</span>
        <select
          value={String(choices.minRate)}
          onChange={(event) => changeQuery({ min: event.currentTarget.value })}
        >
          {[0, 1, 10, 100].map((rate) => (
            <option key={rate} value={String(rate)}>
              {rate === 0 ? 'any rate' : `${rate} requests/s`}
            </option>
          ))}
        </select>
      </label>
      <Choice
        label="What a node is"
        value={choices.nodes}
        options={[
          { value: 'workload', label: 'Workloads' },
          { value: 'service', label: 'Services' },
          { value: 'namespace', label: 'Namespaces' },
        ]}
        onChange={(nodes) => changeQuery({ nodes: nodes === 'workload' ? '' : nodes, focus: '' })}
      />
      <Choice
        label="How it is shown"
        value={choices.view}
        options={[
          { value: 'picture', label: 'Picture' },
          { value: 'table', label: 'Table' },
        ]}
        onChange={(view) => changeQuery({ view: view === 'picture' ? '' : view })}
      />
    </>
  );
}
