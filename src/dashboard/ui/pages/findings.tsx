/** What the analysis of the configuration finds: the object, what is wrong, what to write instead. */

import { useState } from 'preact/hooks';
import type { Finding } from '../../../analysis/types.ts';
import { Choice } from '../components/choice.tsx';
import { FindingItem } from '../components/finding-item.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { changeQuery, place } from '../state/browser.ts';
import { useList } from '../state/use-list.ts';
import { useStore } from '../state/use-store.ts';

const severities = ['all', 'error', 'warning', 'info'] as const;
type Chosen = (typeof severities)[number];
const shownAtFirst = 100;
const order = { error: 0, warning: 1, info: 2 } as const;

export function FindingsPage() {
  const { query } = useStore(place);
  const chosen = severities.find((one) => one === query['severity']) ?? 'all';
  const data = useList<Finding>('findings');
  const [limit, setLimit] = useState(shownAtFirst);
  const all = data.data?.items ?? [];
  const count = (severity: Chosen): number =>
    severity === 'all' ? all.length : all.filter((finding) => finding.severity === severity).length;
  return (
    <Page
      title="Findings"
      about="What the configuration says that will not happen, or not as meant."
      actions={
        <Choice
          label="Severity"
          value={chosen}
          options={severities.map((value) => ({ value, label: `${value} ${count(value)}` }))}
          onChange={(value) => changeQuery({ severity: value === 'all' ? '' : value })}
        />
      }
    >
      <Loaded data={data}>
        {({ items }) => {
          const shown = items
            .filter(({ severity }) => chosen === 'all' || severity === chosen)
            .sort((a, b) => order[a.severity] - order[b.severity]);
          return shown.length === 0 ? (
            <p class="empty">Nothing was found.</p>
          ) : (
            <ul class="problems">
              {shown.slice(0, limit).map((finding, index) => (
                <FindingItem
                  key={`${finding.code} ${finding.object.name} ${finding.path} ${index}`}
                  finding={finding}
                />
              ))}
              {shown.length <= limit ? undefined : (
                <li>
                  <button type="button" class="button" onClick={() => setLimit(limit * 4)}>
                    Show more ({shown.length - limit} left)
                  </button>
                </li>
              )}
            </ul>
          );
        }}
      </Loaded>
    </Page>
  );
}
