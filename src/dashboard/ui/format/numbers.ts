/** Numbers for people: short, aligned, with their unit. `–` is for what is not known. */

export const unknown = '–';

/** Requests per second. */
export function formatRate(perSecond: number | undefined): string {
  if (perSecond === undefined || !Number.isFinite(perSecond)) return unknown;
  if (perSecond === 0) return '0';
  if (perSecond < 0.01) return '< 0.01';
  if (perSecond < 1000) return short(perSecond);
  if (perSecond < 1_000_000) return `${short(perSecond / 1000)} k`;
  return `${short(perSecond / 1_000_000)} M`;
}

/** Three digits that count. */
function short(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** @param share 0 to 1. Never rounded up to 100 %: one failure in a million is a failure. */
export function formatShare(share: number | undefined): string {
  if (share === undefined || !Number.isFinite(share)) return unknown;
  if (share >= 1) return '100 %';
  if (share <= 0) return '0 %';
  const percent = share * 100;
  if (percent > 99) return `${(Math.floor(percent * 100) / 100).toFixed(2)} %`;
  if (percent < 0.1) return '< 0.1 %';
  return `${percent.toFixed(1)} %`;
}

export function formatMillis(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return unknown;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  return `${short(ms / 1000)} s`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined || !Number.isFinite(bytes)) return unknown;
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value.toFixed(0) : short(value)} ${units[unit]}`;
}

/** Of a span of time, by its two largest units: `3 d 4 h`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

export function formatCount(count: number): string {
  return count.toLocaleString('en');
}

/** `1 proxy`, `2 proxies` */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Local time of day of an instant, as in a log. */
export function formatTime(at: string | number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toLocaleTimeString('en-GB', { hour12: false });
}
