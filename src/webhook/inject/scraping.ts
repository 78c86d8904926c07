/**
 * The annotations `prometheus.io/*` by which many set-ups of Prometheus find what to scrape. They name one port, so a pod
 * that has any of its own is left as it is: whose metrics are scraped is then its owner's choice.
 */

import { healthPort } from '../../base/names.ts';
import type { PodLike } from './restore.ts';

const prefix = 'prometheus.io/';
const portAnnotation = `${prefix}port`;

/** Of a proxy's `/metrics`. */
export const scrapeAnnotations = {
  [`${prefix}scrape`]: 'true',
  [portAnnotation]: String(healthPort),
  [`${prefix}path`]: '/metrics',
} as const;

/** What to add to a pod, or to the pods of a gateway, that have `own` annotations. */
export function scrapingOf(
  own: Readonly<Record<string, string>>,
  isWanted: boolean,
): Readonly<Record<string, string>> {
  if (!isWanted || Object.keys(own).some((name) => name.startsWith(prefix))) return {};
  return scrapeAnnotations;
}

/** Whether injection has added it. No port of an application is that of the proxy. */
export function isOfScraping(annotation: string, pod: PodLike): boolean {
  return (
    Object.hasOwn(scrapeAnnotations, annotation) &&
    pod.metadata?.annotations?.[portAnnotation] === scrapeAnnotations[portAnnotation]
  );
}
