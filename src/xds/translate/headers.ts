/** Header changes of the mesh model -> Envoy's fields. Envoy removes first, then applies the rest in order. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HeaderChanges } from '../../mesh/model.ts';
import {
  HeaderValueOption_HeaderAppendAction,
  type HeaderValueOptionSchema,
} from '../proto/envoy/config/core/v3/base_pb.js';

type HeaderValueOption = MessageInitShape<typeof HeaderValueOptionSchema>;

export function requestHeaderFields(changes: HeaderChanges | undefined): {
  requestHeadersToAdd?: HeaderValueOption[];
  requestHeadersToRemove?: string[];
} {
  if (changes === undefined) return {};
  return { requestHeadersToAdd: additions(changes), requestHeadersToRemove: [...changes.remove] };
}

export function responseHeaderFields(changes: HeaderChanges | undefined): {
  responseHeadersToAdd?: HeaderValueOption[];
  responseHeadersToRemove?: string[];
} {
  if (changes === undefined) return {};
  return { responseHeadersToAdd: additions(changes), responseHeadersToRemove: [...changes.remove] };
}

/**
 * The value that `set` gives the Host header. Envoy changes it by a host rewrite only, and refuses the whole
 * RouteConfiguration where it stands among the other headers.
 */
export function hostOf(changes: HeaderChanges | undefined): string | undefined {
  return changes?.set.find((header) => header.name === 'host')?.value;
}

function additions(changes: HeaderChanges): HeaderValueOption[] {
  const { OVERWRITE_IF_EXISTS_OR_ADD, APPEND_IF_EXISTS_OR_ADD } = HeaderValueOption_HeaderAppendAction;
  return [
    ...changes.set.map((header) => option(header, OVERWRITE_IF_EXISTS_OR_ADD)),
    ...changes.add.map((header) => option(header, APPEND_IF_EXISTS_OR_ADD)),
  ].filter((header) => header.header.key !== 'host');
}

function option(
  header: { readonly name: string; readonly value: string },
  appendAction: HeaderValueOption_HeaderAppendAction,
) {
  return {
    // Envoy reads a percent sign as the start of a substitution command.
    header: { key: header.name, value: header.value.replaceAll('%', '%%') },
    appendAction,
  };
}
