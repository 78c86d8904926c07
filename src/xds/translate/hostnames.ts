/**
 * Which of several hostnames a name belongs to: the same one, else the longest wildcard above it, else the one that
 * means any (absent). Names are in lower case; `*.example.com` covers every name below `example.com`, of however
 * many labels, and not that name itself (Gateway API, Listener.hostname).
 */

export interface Hostnames {
  /** The hostname that a name or wildcard belongs to, itself included; undefined where nothing covers it. */
  ownerOf(name: string): string | undefined;
  /** The same without the name itself: the one it would belong to if it were not there. */
  above(name: string): string | undefined;
}

/** How the hostname of a listener that has none is written. */
export const anyHost = '*';

export function createHostnames(names: Iterable<string>): Hostnames {
  const known = new Set(names);
  const above = (name: string): string | undefined => {
    if (name === anyHost) return undefined;
    let rest = name.startsWith('*.') ? name.slice(2) : name;
    for (let dot = rest.indexOf('.'); dot >= 0; dot = rest.indexOf('.')) {
      rest = rest.slice(dot + 1);
      if (known.has(`*.${rest}`)) return `*.${rest}`;
    }
    return known.has(anyHost) ? anyHost : undefined;
  };
  return { above, ownerOf: (name) => (known.has(name) ? name : above(name)) };
}
