/** The rules of TLSRoutes, TCPRoutes and UDPRoutes: backends and nothing else. */

import type { StreamRouteRule } from '../kubernetes.ts';
import type { RuleReader } from './read.ts';

export const streamRules: RuleReader<StreamRouteRule> = {
  matches: () => [],
  rest: ({ backendRefs = [] }, field) => ({
    filters: { mirrors: [] },
    backends: backendRefs.map(({ weight = 1, ...ref }, i) => ({
      ref,
      field: `${field}.backendRefs[${i}]`,
      share: { weight },
    })),
  }),
};
