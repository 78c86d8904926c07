/** The golden signals over the chosen window. */

import type { TrafficAnswer } from '../../../telemetry/model.ts';
import { type TimePoint, timeLine } from '../format/series.ts';
import { place } from './browser.ts';
import { namespaceOf, windowOf } from './choices.ts';
import { useData } from './use-data.ts';
import { useStore } from './use-store.ts';

export interface TimeLine {
  readonly points: readonly TimePoint[];
  readonly gaps: readonly string[];
  readonly problem?: unknown;
}

/** @param filter of stat: `to`, `service`, `route`. Counted where the requests arrive, unless it says otherwise. */
export function useTimeLine(filter: Readonly<Record<string, string>> = {}, namespace?: string): TimeLine {
  const here = useStore(place);
  const window = windowOf(here);
  const { data, problem } = useData<TrafficAnswer>('stat', {
    namespace: namespace ?? namespaceOf(here),
    parameters: {
      groupBy: 'side',
      side: 'server',
      window: `${window.seconds}s`,
      step: `${window.stepSeconds}s`,
      ...filter,
    },
  });
  if (data === undefined) return { points: [], gaps: [], problem };
  return { points: timeLine(data.rows, data.fromMs, data.toMs, window.stepSeconds * 1000), gaps: data.gaps };
}
