/** What is found about routes and Services: codes below 50; see errors.ts. */

import { defineErrors } from '../base/errors.ts';

export const trafficErrors = defineErrors({
  'WEFT-ANL-01': {
    title: 'A route is attached to nothing.',
    remedy:
      'Name a Service with a ClusterIP and one of its TCP ports, or a Gateway and one of its listeners.',
  },
  'WEFT-ANL-02': {
    title: 'An HTTP route is attached to a port that is declared opaque.',
    remedy: 'Declare the port as HTTP in its Service, or use a TCPRoute.',
  },
  'WEFT-ANL-03': {
    title: 'No listener of the Gateway takes routes of this kind or namespace.',
    remedy: 'Change allowedRoutes of a listener, or attach the route elsewhere.',
  },
  'WEFT-ANL-04': {
    title: 'The route and the listeners of its Gateway have no hostname in common.',
    remedy: 'Name a hostname of the listener in the route.',
  },
  'WEFT-ANL-05': {
    title: 'A route says something that cannot be carried out.',
    remedy: 'Write it as docs/routing.md says.',
  },
  'WEFT-ANL-06': {
    title: 'Some rules of a route cannot be carried out.',
    remedy: 'Correct the rule, or remove it.',
  },
  'WEFT-ANL-07': {
    title: 'A route of another kind holds at the same port.',
    remedy: 'Use one kind of route for a port.',
  },
  'WEFT-ANL-08': {
    title: 'Hostnames of a route have no effect at a Service.',
    remedy: 'Match the Host header in a rule, or attach the route to a Gateway.',
  },
  'WEFT-ANL-10': {
    title: 'A route sends requests to a Service or port that does not exist.',
    remedy: 'Create the Service, or name one of its ports.',
  },
  'WEFT-ANL-11': {
    title: 'A route sends requests to a Service of type ExternalName.',
    remedy: 'Use a Service with an EndpointSlice of the addresses.',
  },
  'WEFT-ANL-12': {
    title: 'A reference across namespaces is not permitted.',
    remedy: 'Create a ReferenceGrant in the namespace that is referred to.',
  },
  'WEFT-ANL-13': {
    title: 'A backend cannot be called by this kind of route.',
    remedy: 'Name a Service and a port that carries what the route is about.',
  },
  'WEFT-ANL-14': {
    title: 'A rule has nowhere to send requests.',
    remedy: 'Give a backend a weight above 0.',
  },
  'WEFT-ANL-15': {
    title: 'A route sends requests to a Service without endpoints.',
    remedy: 'Start pods that the Service selects, or set the weight to 0.',
  },
  'WEFT-ANL-16': {
    title: 'A Gateway of another class leads to workloads that accept only the mesh.',
    remedy: 'Put the pods of that gateway into the mesh, or make an exception.',
  },
  'WEFT-ANL-20': {
    title: 'A rule of a route is never reached.',
    remedy: 'Remove one of the two rules, or let them match different requests.',
  },
  'WEFT-ANL-21': {
    title: 'Two routes mean the same requests.',
    remedy: 'Put the rules into one route.',
  },
  'WEFT-ANL-22': {
    title: 'Requests that may not be repeated are retried.',
    remedy: 'Leave out retry.codes for such requests.',
  },
  'WEFT-ANL-23': {
    title: 'A retry has no time to happen.',
    remedy: 'Let backendRequest be shorter than request.',
  },
  'WEFT-ANL-24': {
    title: 'Requests are mirrored to the very Service that gets them.',
    remedy: 'Mirror to another Service.',
  },
  'WEFT-ANL-25': {
    title: 'A redirect leads back to itself.',
    remedy: 'Let it change the scheme, host, port or path.',
  },
  'WEFT-ANL-26': {
    title: 'A backend stands twice in one rule.',
    remedy: 'Name it once, with the weight it is to have.',
  },
  'WEFT-ANL-30': {
    title: 'A Service selects no pods.',
    remedy: 'Compare its selector with the labels of the pods.',
  },
  'WEFT-ANL-31': {
    title: 'A Service means a port by a name that no container has.',
    remedy: 'Write a name that exists, or the number.',
  },
  'WEFT-ANL-32': {
    title: 'A Service leads to a port that no container declares.',
    remedy: 'Check that the application listens there.',
  },
  'WEFT-ANL-33': {
    title: 'Two Services have the same address and port.',
    remedy: 'Let Kubernetes choose the address.',
  },
  'WEFT-ANL-34': {
    title: 'The address of a Service is outside the mesh.',
    remedy: 'Add its range to meshCIDRs.',
  },
  'WEFT-ANL-35': {
    title: 'Some of the pods behind a Service are not in the mesh.',
    remedy: 'Put all of them into the mesh.',
  },
  'WEFT-ANL-36': {
    title: 'sessionAffinity of a Service does not hold for clients in the mesh.',
    remedy: 'Use sessionPersistence.',
  },
  'WEFT-ANL-37': {
    title: 'internalTrafficPolicy of a Service does not hold for clients in the mesh.',
    remedy: 'Exclude the port at its clients, or do without.',
  },
  'WEFT-ANL-38': {
    title: 'A Service open to the outside leads to workloads that accept only the mesh.',
    remedy: 'Let a Gateway take the calls from outside.',
  },
  'WEFT-ANL-40': {
    title: 'Name and appProtocol of a port contradict each other.',
    remedy: 'Remove appProtocol, or rename the port.',
  },
  'WEFT-ANL-41': {
    title: 'Nothing says what a port carries.',
    remedy: 'Begin its name with the protocol, or set appProtocol.',
  },
  'WEFT-ANL-42': {
    title: 'The appProtocol of a port is not known.',
    remedy: 'Write one of docs/protocols.md.',
  },
  'WEFT-ANL-43': {
    title: 'A port of a well-known TCP protocol is declared as HTTP.',
    remedy: 'Declare it as tcp if it is not HTTP.',
  },
  'WEFT-ANL-44': {
    title: 'Two Services say different things of one port of the same pods.',
    remedy: 'Declare the same protocol in both.',
  },
});
