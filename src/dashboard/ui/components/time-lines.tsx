/** Requests, failures and latency over the chosen window. */

import { formatMillis, formatRate } from '../format/numbers.ts';
import type { TimeLine } from '../state/use-time-line.ts';
import { Gaps, ProblemNotice } from './notice.tsx';
import { Sparkline } from './sparkline.tsx';

export function TimeLines({ line }: { readonly line: TimeLine }) {
  return (
    <>
      <ProblemNotice problem={line.problem} />
      <Gaps gaps={line.gaps} />
      <div class="sparklines">
        <Sparkline
          label="Requests/s"
          values={line.points.map((point) => point.requestsPerSecond)}
          format={formatRate}
        />
        <Sparkline
          label="Failures/s"
          tone="bad"
          values={line.points.map((point) => point.failuresPerSecond)}
          format={formatRate}
        />
        <Sparkline label="p99" values={line.points.map((point) => point.p99Ms)} format={formatMillis} />
      </div>
    </>
  );
}
