/** The rules of TLSRoutes, TCPRoutes and UDPRoutes: backends and nothing else. */

import type { StreamRouteRule } from '../kubernetes.ts';
import type { RuleReader } from './read.ts';
import { readWeight } from './read-http.ts';

export const streamRules: RuleReader<StreamRouteRule> = {
  matches: () => [],
  rest: ({ backendRefs = [] }, field) => ({
    filters: { mirrors: [] },
    backends: backendRefs.map(({ weight = 1, ...ref }, i) => {
      const at = `${field}.backendRefs[${i}]`;
      return { ref, field: at, share: { weight: readWeight(weight, at) } };
    }),
  }),
};
