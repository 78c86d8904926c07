/** Shares of requests. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Read } from '../../graph/types.ts';
import type { Mesh, RouteRule } from '../../mesh/model.ts';
import type { TracingSchema } from '../proto/envoy/config/route/v3/route_components_pb.js';
import {
  FractionalPercent_DenominatorType,
  type FractionalPercentSchema,
} from '../proto/envoy/type/v3/percent_pb.js';

/** Exact to a ten thousandth of a percent. */
export function fraction(percent: number): MessageInitShape<typeof FractionalPercentSchema> {
  return { numerator: Math.round(percent * 10_000), denominator: FractionalPercent_DenominatorType.MILLION };
}

/** Of the traces that begin with requests of a route. What is traced in any case still is: without it Envoy would trace all. */
export function routeTracing(samplingPercent: number | undefined): {
  tracing?: MessageInitShape<typeof TracingSchema>;
} {
  if (samplingPercent === undefined) return {};
  const all = fraction(100);
  return {
    tracing: { clientSampling: all, randomSampling: fraction(samplingPercent), overallSampling: all },
  };
}

/** How much of a rule's route is traced, where a TelemetryPolicy says it of the route. */
export type SamplingOf = (rule: RouteRule, read: Read) => number | undefined;

export function samplingOfRoutes({ routeSampling }: Pick<Mesh, 'routeSampling'>): SamplingOf {
  return ({ kind, route }, read) =>
    kind === undefined ? undefined : read(routeSampling, `${kind}/${route}`);
}
