/** What telemetry counts of itself. */

import { Counter, Gauge, registry } from '../base/metrics.ts';

const registers = [registry];

export const reports = new Counter({
  name: 'weft_telemetry_reports_total',
  help: 'Reports of proxies, by what became of them: taken, partly refused, or refused.',
  labelNames: ['result'],
  registers,
});
export const points = new Counter({
  name: 'weft_telemetry_points_total',
  help: 'Data points of reports that were counted.',
  registers,
});
export const refusedPoints = new Counter({
  name: 'weft_telemetry_refused_points_total',
  help: 'Data points of reports that were refused, by reason.',
  labelNames: ['reason'],
  registers,
});
export const overflowedPoints = new Counter({
  name: 'weft_telemetry_overflowed_points_total',
  help: 'Data points that were counted without their ends, because there are too many series.',
  registers,
});
export const seriesCount = new Gauge({
  name: 'weft_telemetry_series',
  help: 'Series of traffic that this replica keeps.',
  registers,
});
export const storedBytes = new Gauge({
  name: 'weft_telemetry_stored_bytes',
  help: 'Size of the finished slots of all series.',
  registers,
});
export const clockJumps = new Counter({
  name: 'weft_telemetry_clock_jumps_total',
  help: 'Jumps of the clock of this replica that were noticed.',
  registers,
});
export const exports = new Counter({
  name: 'weft_telemetry_exports_total',
  help: 'Exports of the golden metrics to a collector, by result.',
  labelNames: ['result'],
  registers,
});
export const tapEntries = new Counter({
  name: 'weft_tap_entries_total',
  help: 'Entries of the logs of live requests, taken or by the code they were refused with.',
  labelNames: ['result'],
  registers,
});
