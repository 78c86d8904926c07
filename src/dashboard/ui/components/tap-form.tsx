/** Whose requests are looked at, and which of them. */

import { useState } from 'preact/hooks';

/** Names as the API takes them. */
export type TapChoices = Readonly<
  Record<'target' | 'from' | 'to' | 'path' | 'method' | 'status' | 'max-rps', string>
>;

export interface TapFormProps {
  readonly choices: TapChoices;
  readonly isOpen: boolean;
  readonly hasNamespace: boolean;
  readonly onStart: (choices: TapChoices) => void;
  readonly onStop: () => void;
}

const fields: readonly { readonly name: keyof TapChoices; readonly label: string; readonly hint: string }[] =
  [
    { name: 'target', label: 'Target', hint: 'all, or deploy/web' },
    { name: 'from', label: 'From', hint: 'deploy/web' },
    { name: 'to', label: 'To', hint: 'svc/cart' },
    { name: 'method', label: 'Method', hint: 'GET' },
    { name: 'path', label: 'Path', hint: '/cart' },
    { name: 'status', label: 'Status', hint: '5xx, error' },
    { name: 'max-rps', label: 'Most per second', hint: '50' },
  ];

export function TapForm({ choices, isOpen, hasNamespace, onStart, onStop }: TapFormProps) {
  const [draft, setDraft] = useState(choices);
  return (
    <form
      class="form-row"
      onSubmit={(event) => {
        event.preventDefault();
        onStart(draft);
      }}
    >
      {fields.map(({ name, label, hint }) => (
        <label class="field" key={name}>
          <span>{label}</span>
          <input
            value={draft[name]}
            placeholder={hint}
            spellcheck={false}
            onInput={(event) => setDraft({ ...draft, [name]: event.currentTarget.value })}
          />
        </label>
      ))}
      {isOpen ? (
        <button type="button" class="button" onClick={onStop}>
          Stop
        </button>
      ) : undefined}
      <button type="submit" class="button button-primary" disabled={!hasNamespace}>
        {isOpen ? 'Apply' : 'Start'}
      </button>
    </form>
  );
}
