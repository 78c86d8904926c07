/** A share of a whole as a bar; set by the style object, which a strict policy allows, unlike style attributes. */

export interface ShareBarProps {
  readonly share: number;
  readonly tone?: 'accent' | 'muted' | 'good' | 'bad';
}

export function ShareBar({ share, tone = 'accent' }: ShareBarProps) {
  const percent = Math.max(0, Math.min(1, share)) * 100;
  return (
    <span class={`share-bar share-${tone}`} aria-hidden="true">
      <span style={{ width: `${percent}%` }} />
    </span>
  );
}
