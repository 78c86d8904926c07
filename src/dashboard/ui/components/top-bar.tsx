/** The choices that hold for all pages: namespace, window, refreshing, theme, and signing out. */

import { useLayoutEffect, useState } from 'preact/hooks';
import {
  changeQuery,
  mustSignIn,
  paused,
  place,
  refreshes,
  theme,
  type Theme,
  token,
} from '../state/browser.ts';
import { hasWindow, namespaceOf, windowOf, windows } from '../state/choices.ts';
import { useStore } from '../state/use-store.ts';
import { Icon } from './icon.tsx';

export interface TopBarProps {
  readonly namespaces: readonly string[];
  readonly onMenu: () => void;
  readonly isMenuOpen: boolean;
}

export function TopBar({ namespaces, onMenu, isMenuOpen }: TopBarProps) {
  const here = useStore(place);
  return (
    <header class="top-bar">
      <button
        type="button"
        class="icon-button menu-button"
        aria-expanded={isMenuOpen}
        aria-label="Menu"
        onClick={onMenu}
      >
        <Icon name="menu" />
      </button>
      <NamespaceField value={namespaceOf(here)} namespaces={namespaces} />
      {hasWindow(here) ? <WindowField value={windowOf(here).name} /> : undefined}
      <div class="spacer" />
      <button
        type="button"
        class="icon-button"
        aria-label="Refresh now"
        title="Shift+R"
        onClick={() => refreshes.set(refreshes.get() + 1)}
      >
        <Icon name="refresh" />
      </button>
      <PauseButton />
      <ThemeField />
      <SignOut />
    </header>
  );
}

function WindowField({ value }: { readonly value: string }) {
  return (
    <label class="field">
      <span>Window</span>
      <select value={value} onChange={(event) => changeQuery({ window: event.currentTarget.value })}>
        {windows.map((one) => (
          <option key={one.name} value={one.name}>
            {one.label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Typed freely: whoever may read one namespace only may not be able to list them. */
function NamespaceField({
  value,
  namespaces,
}: {
  readonly value: string;
  readonly namespaces: readonly string[];
}) {
  const [text, setText] = useState(value);
  useLayoutEffect(() => setText(value), [value]);
  const commit = (next: string): void => changeQuery({ ns: next.trim() });
  return (
    <label class="field">
      <span>Namespace</span>
      <input
        class="namespace"
        list="namespaces"
        placeholder="all"
        value={text}
        autoComplete="off"
        spellcheck={false}
        onInput={(event) => {
          const next = event.currentTarget.value;
          setText(next);
          if (next === '' || namespaces.includes(next)) commit(next);
        }}
        onBlur={() => commit(text)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') commit(text);
        }}
      />
      <datalist id="namespaces">
        {namespaces.map((namespace) => (
          <option key={namespace} value={namespace} />
        ))}
      </datalist>
    </label>
  );
}

function PauseButton() {
  const isPaused = useStore(paused);
  return (
    <button
      type="button"
      class={`button ${isPaused ? 'button-on' : ''}`}
      aria-pressed={isPaused}
      onClick={() => paused.set(!isPaused)}
      title="Shift+P"
    >
      <Icon name={isPaused ? 'play' : 'pause'} />
      <span>{isPaused ? 'Paused' : 'Live'}</span>
    </button>
  );
}

const themes: readonly { readonly value: Theme; readonly label: string }[] = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

function ThemeField() {
  const chosen = useStore(theme);
  return (
    <label class="field theme-field">
      <span>Theme</span>
      <select value={chosen} onChange={(event) => theme.set(event.currentTarget.value as Theme)}>
        {themes.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

function SignOut() {
  const held = useStore(token);
  if (held === undefined) return undefined;
  return (
    <button
      type="button"
      class="button"
      onClick={() => {
        token.set(undefined);
        mustSignIn.set(true);
      }}
    >
      <Icon name="signOut" />
      <span>Sign out</span>
    </button>
  );
}
