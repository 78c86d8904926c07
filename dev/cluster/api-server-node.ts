/** A bare API server with etcd on loopback, for tests that need the real API and nothing that runs pods. */

import { createServer } from 'node:net';
import { controllerManagerArguments, type ControlPlane } from './components.ts';
import { ApiClient } from './api.ts';
import { startControlPlane, until } from './control-plane.ts';
import { writeCredentials } from './credentials.ts';
import type { ApiServerPlan } from './plan.ts';
import type { Supervisor } from './supervisor.ts';

/** Ports nobody listens on at the moment, all different. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Resolves with the server's URL once it is ready. */
export async function startApiServerPlan(plan: ApiServerPlan, supervisor: Supervisor): Promise<string> {
  const [securePort = 0, etcdPort = 0, etcdPeerPort = 0] = await freePorts(3);
  const plane: ControlPlane = {
    directory: plan.directory,
    address: '127.0.0.1',
    securePort,
    etcdPort,
    etcdPeerPort,
    serviceCidr: '10.96.0.0/16',
    emulate: plan.emulate,
  };
  const credentials = await writeCredentials('api-server', plane, '10.96.0.1', 'node-1');
  const api = new ApiClient(credentials);
  try {
    await startControlPlane(plane, plan.programs, supervisor, api);
    if (plan.withControllers) {
      const argv = [
        plan.programs['kube-controller-manager'],
        '--secure-port=0',
        ...controllerManagerArguments(plane),
      ];
      supervisor.start('kube-controller-manager', argv);
      const account = '/api/v1/namespaces/default/serviceaccounts/default';
      await until('the default ServiceAccount is there', supervisor, 'kube-controller-manager', () =>
        api.exists(account),
      );
    }
  } finally {
    api.close();
  }
  return credentials.server;
}
