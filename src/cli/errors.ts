import { defineErrors } from '../base/errors.ts';

export const cliErrors = defineErrors({
  'WEFT-CLI-01': {
    title: 'No pod of the control plane can be asked.',
    remedy: 'Run `weft check`, and see that you may use pods/portforward in the namespace of Weft.',
  },
  'WEFT-CLI-02': {
    title: 'The command was asked about something that does not exist.',
    remedy: 'Look at the spelling, the namespace and the kubeconfig context.',
  },
  'WEFT-CLI-03': {
    title: 'An argument of the command cannot be understood.',
    remedy: 'Run the command with --help.',
  },
  'WEFT-CLI-04': {
    title: 'This Node.js is too old for the command.',
    remedy: 'Install Node.js 24 or newer, or run it by `npm run weft --`, which brings its own.',
  },
  'WEFT-CLI-05': {
    title: 'The observability API cannot be asked.',
    remedy: 'Run `weft check`, and `kubectl get apiservice v1alpha1.observe.weft.dev`.',
  },
  'WEFT-CLI-06': {
    title: 'You may not ask the observability API for this.',
    remedy: 'Ask whoever administers the cluster for this rule.',
  },
  'WEFT-CLI-07': {
    title: 'What was shown live has ended.',
    remedy: 'Run the command again; `weft check` finds out whether the control plane is well.',
  },
  'WEFT-CLI-08': {
    title: 'A measurement did not come to an end.',
    remedy:
      'Look at the pods in the namespaces that the message names, if they are still there, and run it again.',
  },
});
