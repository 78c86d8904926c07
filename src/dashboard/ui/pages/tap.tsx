/** Live requests in the browser: a stream that is filtered where it is made, searched here, paused and looked into. */

import { useState } from 'preact/hooks';
import { Drawer } from '../components/drawer.tsx';
import { Icon } from '../components/icon.tsx';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import { Page } from '../components/page.tsx';
import { TapDetails } from '../components/tap-details.tsx';
import { type TapChoices, TapForm } from '../components/tap-form.tsx';
import { TapTable } from '../components/tap-table.tsx';
import { formatCount } from '../format/numbers.ts';
import { changeQuery, place } from '../state/browser.ts';
import { namespaceOf } from '../state/choices.ts';
import type { Place } from '../state/location.ts';
import { matchesTap, type TappedEvent, titleOf } from '../state/tap-buffer.ts';
import { useStore } from '../state/use-store.ts';
import { type Tap, useTap } from '../state/use-tap.ts';

function choicesOf({ query }: Place): TapChoices {
  const of = (name: string): string => query[name] ?? '';
  return {
    target: of('target'),
    from: of('from'),
    to: of('to'),
    path: of('path'),
    method: of('method'),
    status: of('status'),
    'max-rps': of('max-rps'),
  };
}

export function TapPage() {
  const here = useStore(place);
  const namespace = namespaceOf(here);
  const choices = choicesOf(here);
  const [isOpen, setIsOpen] = useState(false);
  const [isPaused, setIsPaused] = useState(false);
  const [search, setSearch] = useState('');
  const [chosen, setChosen] = useState<TappedEvent>();
  const tap = useTap(isOpen && namespace !== '' ? { namespace, parameters: choices } : undefined, isPaused);
  const shown = tap.buffer.events.filter((tapped) => matchesTap(tapped, search));
  return (
    <Page title="Tap" about="Requests as they happen. You may look where Kubernetes RBAC lets you.">
      {namespace === '' ? (
        <Notice tone="info" title="Choose a namespace above: a tap looks at pods of one." />
      ) : undefined}
      <TapForm
        key={JSON.stringify(choices)}
        choices={choices}
        isOpen={isOpen}
        hasNamespace={namespace !== ''}
        onStart={(next) => {
          changeQuery(next);
          setIsOpen(true);
        }}
        onStop={() => setIsOpen(false)}
      />
      <ProblemNotice problem={tap.problem} />
      {tap.notice === undefined ? undefined : <Notice tone="warn" title={tap.notice} />}
      <div class="table-tools">
        <button type="button" class="button" aria-pressed={isPaused} onClick={() => setIsPaused(!isPaused)}>
          <Icon name={isPaused ? 'play' : 'pause'} />
          <span>{isPaused ? 'Go on' : 'Hold'}</span>
        </button>
        <button type="button" class="button" onClick={tap.clear}>
          Clear
        </button>
        <input
          type="search"
          placeholder="Filter"
          aria-label="Filter live requests"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <TapStatus tap={tap} shown={shown.length} />
      </div>
      <TapTable events={shown.slice(0, 200)} chosen={chosen?.number} onChoose={setChosen} />
      {tap.buffer.events.length > 0 ? undefined : (
        <p class="empty">
          {tap.state === 'open' ? 'Waiting for a request that fits.' : 'Nothing is looked at.'}
        </p>
      )}
      {chosen === undefined ? undefined : (
        <Drawer key={chosen.number} title={titleOf(chosen.event)} onClose={() => setChosen(undefined)}>
          <TapDetails event={chosen.event} />
        </Drawer>
      )}
    </Page>
  );
}

const states = { idle: 'closed', open: 'open', ended: 'ended by the server', failed: 'failed' } as const;

function TapStatus({ tap: { buffer, state }, shown }: { readonly tap: Tap; readonly shown: number }) {
  return (
    <span class="muted" role="status">
      Stream {states[state]}: {formatCount(buffer.received)} received, {formatCount(shown)} shown
      {buffer.missed === 0 ? '' : `, ${formatCount(buffer.missed)} passed while held`}
    </span>
  );
}
