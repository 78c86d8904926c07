/** Listener filters: what is found out about a connection before a filter chain is chosen. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  ListenerFilterChainMatchPredicateSchema,
  ListenerFilterSchema,
} from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import { HttpInspectorSchema } from '../proto/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js';
import { OriginalDstSchema } from '../proto/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js';
import { TlsInspectorSchema } from '../proto/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
import { extension } from './encode.ts';

type ListenerFilter = MessageInitShape<typeof ListenerFilterSchema>;
type Predicate = MessageInitShape<typeof ListenerFilterChainMatchPredicateSchema>;

/** Connections that a listener filter leaves alone, by the port they were made to. */
export type Disabled = Pick<Exclude<ListenerFilter, { $typeName: string }>, 'filterDisabled'>;

/**
 * How long a connection may say nothing before it is taken for one whose server speaks first. Long enough for
 * a client that is short of CPU, short enough that a server which really speaks first is not much delayed.
 */
export const detectionTimeoutMs = 200;

/** What http_inspector finds in plaintext. */
export const plaintextHttp = ['http/1.0', 'http/1.1', 'h2c'];

export function originalDestination(): ListenerFilter {
  return extension('envoy.filters.listener.original_dst', OriginalDstSchema, {});
}

export function tlsInspector(disabled: Disabled = {}): ListenerFilter {
  return { ...extension('envoy.filters.listener.tls_inspector', TlsInspectorSchema, {}), ...disabled };
}

/** Looks for HTTP in plaintext. */
export function httpInspector(disabled: Disabled = {}): ListenerFilter {
  return { ...extension('envoy.filters.listener.http_inspector', HttpInspectorSchema, {}), ...disabled };
}

export function exceptOn(ports: readonly number[]): Disabled {
  return ports.length === 0 ? {} : { filterDisabled: anyOf(ports.map(portIs)) };
}

/** `ports` is not empty. */
export function onlyOn(ports: readonly number[]): Disabled {
  return { filterDisabled: { rule: { case: 'notMatch', value: anyOf(ports.map(portIs)) } } };
}

function portIs(port: number): Predicate {
  return { rule: { case: 'destinationPortRange', value: { start: port, end: port + 1 } } };
}

/** Envoy accepts an alternative only of two or more. */
function anyOf(rules: readonly Predicate[]): Predicate {
  const [only, ...others] = rules;
  if (only !== undefined && others.length === 0) return only;
  return { rule: { case: 'orMatch', value: { rules: [...rules] } } };
}
