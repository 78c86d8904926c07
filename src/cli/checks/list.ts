/**
 * All checks of `weft check`, in the order in which they are made: first what everything else stands on: where the API
 * cannot be asked, nothing else is. To add one:
 * a function in one of the files beside this one, a code in errors.ts with its page in docs/errors, a line here.
 */

import type { Check } from './check.ts';
import { clock, kubernetesApi, kubernetesFeatures, leftovers, permissionsToInstall } from './cluster.ts';
import { controlPlane, definitions, leader, replicaClocks, replicas, settings } from './control-plane.ts';
import './errors.ts';
import { gatewaysInForce } from './gateways.ts';
import { gatewayApi } from './gateway-api.ts';
import { observabilityApi } from './observability.ts';
import { certificateAges, connectedProxies, currentProxies, meshedPods } from './proxies.ts';
import { authority, certificateRequests, trustBundle, webhooks } from './trust.ts';

// biome-ignore format: a table is read by its columns
export const checks: readonly Check[] = [
  { name: 'kubernetes-api', code: 'WEFT-CHECK-01', when: 'always',    run: kubernetesApi },
  { name: 'clock',          code: 'WEFT-CHECK-02', when: 'always',    run: clock },
  { name: 'features',       code: 'WEFT-CHECK-03', when: 'always',    run: kubernetesFeatures },
  { name: 'gateway-api',    code: 'WEFT-CHECK-04', when: 'always',    run: gatewayApi },
  { name: 'permissions',    code: 'WEFT-CHECK-05', when: 'absent',    run: permissionsToInstall },
  { name: 'leftovers',      code: 'WEFT-CHECK-06', when: 'absent',    run: leftovers },
  { name: 'kinds',          code: 'WEFT-CHECK-07', when: 'installed', run: definitions },
  { name: 'control-plane',  code: 'WEFT-CHECK-08', when: 'installed', run: controlPlane },
  { name: 'replicas',       code: 'WEFT-CHECK-09', when: 'installed', run: replicas },
  { name: 'leader',         code: 'WEFT-CHECK-10', when: 'installed', needs: ['replicas'], run: leader },
  { name: 'replica-clocks', code: 'WEFT-CHECK-02', when: 'installed', needs: ['replicas'], run: replicaClocks },
  { name: 'mesh-config',    code: 'WEFT-CHECK-11', when: 'installed', needs: ['kinds'], run: settings },
  { name: 'authority',      code: 'WEFT-CHECK-12', when: 'installed', needs: ['kinds'], run: authority },
  { name: 'trust-bundle',   code: 'WEFT-CHECK-13', when: 'installed', needs: ['features', 'authority'], run: trustBundle },
  { name: 'webhooks',       code: 'WEFT-CHECK-14', when: 'installed', needs: ['trust-bundle'], run: webhooks },
  { name: 'observability',  code: 'WEFT-CHECK-21', when: 'installed', needs: ['replicas'], run: observabilityApi },
  { name: 'certificates',   code: 'WEFT-CHECK-15', when: 'installed', needs: ['features'], run: certificateRequests },
  { name: 'renewal',        code: 'WEFT-CHECK-19', when: 'installed', needs: ['replicas'], run: certificateAges },
  { name: 'meshed-pods',    code: 'WEFT-CHECK-16', when: 'installed', run: meshedPods },
  { name: 'proxies',        code: 'WEFT-CHECK-17', when: 'installed', needs: ['replicas'], run: connectedProxies },
  { name: 'gateways',       code: 'WEFT-CHECK-20', when: 'installed', run: gatewaysInForce },
  { name: 'proxy-versions', code: 'WEFT-CHECK-18', when: 'installed', needs: ['replicas'], run: currentProxies },
];
