/** A small time line. Its words say what the line shows, for those who do not see it. */

import { linePath } from '../format/series.ts';

export interface SparklineProps {
  readonly label: string;
  readonly values: readonly (number | undefined)[];
  readonly format: (value: number | undefined) => string;
  readonly tone?: 'accent' | 'bad';
}

const width = 240;
const height = 48;

export function Sparkline({ label, values, format, tone = 'accent' }: SparklineProps) {
  const known = values.filter((value) => value !== undefined);
  const last = values.at(-1);
  const most = known.length === 0 ? undefined : Math.max(...known);
  const path = linePath(values, width, height);
  return (
    <figure class={`sparkline sparkline-${tone}`}>
      <figcaption>
        <span>{label}</span>
        <span class="muted">most {format(most)}</span>
      </figcaption>
      <svg
        viewBox={`0 -3 ${width} ${height + 6}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: now ${format(last)}, most ${format(most)}`}
      >
        {known.length === values.length && values.length > 1 ? (
          <path class="area" d={`${path}L${width} ${height}L0 ${height}Z`} />
        ) : undefined}
        <path class="line" d={path} />
      </svg>
    </figure>
  );
}
