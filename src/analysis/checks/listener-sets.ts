/** ListenerSets: the verdict that the mesh has on them as a part of their Gateway. */

import type { Check, Problem } from '../check.ts';
import { type Input, knows } from '../input.ts';
import type { ListenerSetSubject } from '../subjects.ts';
import { conditionOf, eachListener, notAccepted, unresolved } from './listeners.ts';

export const listenerSetChecks: readonly Check<ListenerSetSubject>[] = [
  { code: 'WEFT-ANL-105', severity: 'error', find: notPartOfGateway },
  {
    code: 'WEFT-ANL-92',
    severity: 'error',
    find: (subject, input) => eachListener({ listeners: judgedOf(subject, input) }, notAccepted),
  },
  {
    code: 'WEFT-ANL-93',
    severity: 'error',
    find: (subject, input) =>
      eachListener({ listeners: judgedOf(subject, input) }, (listener) => unresolved(listener, input)),
  },
];

const gatewayOf = ({ set }: ListenerSetSubject): string =>
  `${set.parentRef.namespace ?? set.namespace}/${set.parentRef.name}`;

function judgedOf(subject: ListenerSetSubject, { read, mesh }: Input) {
  const gateway = read(mesh.workings.judgedGateways, gatewayOf(subject));
  return gateway?.sets.find(({ key }) => key === subject.key)?.listeners ?? [];
}

function notPartOfGateway(subject: ListenerSetSubject, input: Input): readonly Problem[] {
  const { read, mesh, sources } = input;
  const gateway = gatewayOf(subject);
  const { set } = subject;
  if (read(sources.gateways, gateway) === undefined) {
    if (!knows(input, 'gateways', set.parentRef.namespace ?? set.namespace)) return [];
    return [
      {
        path: 'spec.parentRef',
        message: `there is no Gateway ${gateway}`,
        fix: 'Create the Gateway, or name one that exists.',
      },
    ];
  }
  const { conditions = [] } = read(mesh.gateway.listenerSetVerdicts, subject.key) ?? {};
  const accepted = conditionOf(conditions, 'Accepted');
  if (accepted === undefined || accepted.status || accepted.reason !== 'NotAllowed') return [];
  return [
    {
      path: 'spec.parentRef',
      message: `Gateway ${gateway} does not take it: ${accepted.message}`,
      fix: `Set spec.allowedListeners.namespaces of Gateway ${gateway} to from: All, or to a selector that means namespace ${set.namespace}.`,
    },
  ];
}
