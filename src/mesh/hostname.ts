/** What a hostname of a listener or a route may be. */

/** Labels of letters, digits and hyphens, the first of them maybe a wildcard. */
const hostname = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const longest = 253;

/** In lower case. A trailing dot, an empty label, a port, or a wildcard elsewhere than in front make it none. */
export function isHostname(text: string): boolean {
  return text.length <= longest && hostname.test(text);
}
