/** The namespaces that the reader can choose: those in which there are Services they may see. */

import type { Listing, ServiceView } from '../../views/types.ts';
import { useData } from './use-data.ts';

const rarelyMs = 60_000;

/** Empty where listing them is refused: then one types the name. */
export function useNamespaces(): readonly string[] {
  const { data } = useData<Listing<ServiceView>>('services', {}, rarelyMs);
  return [...new Set((data?.items ?? []).map((service) => service.namespace))].sort();
}
