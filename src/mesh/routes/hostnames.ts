/**
 * Hostnames of listeners and routes: `a.example.com`, `*.example.com` for everything below it at any depth but not
 * itself (a suffix, as Gateway API means it), and `*` for any. All in lower case.
 */

/** Whether all that `narrow` means is meant by `wide` too. */
export function covers(wide: string, narrow: string): boolean {
  if (wide === '*' || wide === narrow) return true;
  return wide.startsWith('*.') && narrow !== '*' && narrow.replace(/^\*/, '').endsWith(wide.slice(1));
}

/** The hostnames that both mean, or undefined where there is none. */
export function intersection(one: string, other: string): string | undefined {
  if (covers(one, other)) return other;
  return covers(other, one) ? one : undefined;
}

/** The hostname itself and all that cover it, the most specific first. */
export function coveringHostnames(hostname: string): readonly string[] {
  const covering = [hostname];
  const labels = hostname.split('.');
  for (let i = labels[0] === '*' ? 2 : 1; i < labels.length; i++) {
    covering.push(`*.${labels.slice(i).join('.')}`);
  }
  if (hostname !== '*') covering.push('*');
  return covering;
}

/**
 * Below zero where `a` goes before `b`: whichever has more characters without a wildcard, then with one (the order
 * of HTTPRoute hostnames in Gateway API).
 */
export function bySpecificity(a: string, b: string): number {
  return exactLength(b) - exactLength(a) || wildcardLength(b) - wildcardLength(a);
}

function exactLength(hostname: string): number {
  return hostname.startsWith('*') ? 0 : hostname.length;
}

function wildcardLength(hostname: string): number {
  return hostname === '*' ? 0 : hostname.length;
}
