/** What schema and CEL rules of the CustomResourceDefinitions cannot say. The codes of those are WEFT-CRD-nn. */

import { defineErrors } from '../../base/errors.ts';

export const validateErrors = defineErrors({
  'WEFT-VAL-01': {
    title: 'An address range has bits set beyond its prefix.',
    remedy: 'Write the first address of the range.',
  },
  'WEFT-VAL-02': {
    title: 'An address range of the mesh covers every address there is.',
    remedy: 'Name the ranges of Services and pods only, or leave meshCIDRs out.',
  },
  'WEFT-VAL-03': {
    title: 'Without this MeshConfig the defaults hold, and the trust domain changes with them.',
    remedy: 'Create it again with the trust domain of your choice, then restart all workloads of the mesh.',
  },
  'WEFT-VAL-04': {
    title: 'An image is named without a fixed tag, so that two pods of a workload may run different proxies.',
    remedy: 'Name a version or a digest.',
  },
  'WEFT-VAL-05': {
    title: 'The mesh as a whole is set to send everything unencrypted and without identity.',
    remedy:
      'Use Permissive for a mesh in transition, and Disabled in a MutualTLSPolicy for single workloads.',
  },
  'WEFT-VAL-10': {
    title: 'A policy names the same target twice.',
    remedy: 'Name it once.',
  },
  'WEFT-VAL-11': {
    title: 'A selector has a label that no pod can have.',
    remedy: 'Write keys and values as Kubernetes allows them for labels.',
  },
  'WEFT-VAL-20': {
    title: 'The lifetime of the root only holds for the next root.',
    remedy: 'Nothing is to be done; the root in use keeps its expiry.',
  },
  'WEFT-VAL-21': {
    title: 'Without a CertificateAuthority the control plane creates one with the default lifetimes.',
    remedy: 'Create it again where you need other lifetimes; keys and certificates are untouched either way.',
  },
  'WEFT-VAL-30': {
    title: 'Envoy cannot use a format of the access log.',
    remedy: 'Write commands as in docs/observability/logs.md, and %% for a percent sign.',
  },
  'WEFT-VAL-31': {
    title: 'An access log is switched on and logs nothing.',
    remedy: 'Write mode: Off, or a share above 0.',
  },
});
