/** `weft status`: replicas of the control plane, gateways, and every connected proxy with how far it is in sync. */

import type { Command } from 'commander';
import type { ProxyReport, ReplicaStatus } from '../../dashboard/debug.ts';
import { contextOf, namespaceName, type Session } from '../context.ts';
import { type GatewayRow, listGateways } from '../gateways.ts';
import { formatAge, formatTable } from '../output.ts';
import { askReplicas } from '../replicas.ts';

export interface RowCertificate {
  /** RFC 3339. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Negative where it has expired. */
  readonly remainingSeconds: number;
}

export interface ProxyRow {
  readonly proxy: string;
  readonly workload: string;
  readonly identity: string;
  readonly replica: string;
  readonly connectedSeconds: number;
  readonly held: Readonly<Record<string, number>>;
  readonly pending: number;
  readonly rejected: number;
  readonly synced: boolean;
  /** Where the replica knows it. */
  readonly certificate?: RowCertificate;
}

/** Of the replicas' answers; a proxy that moved while they were asked counts where it connected last. */
export function proxyRows(replicas: readonly ReplicaStatus[]): readonly ProxyRow[] {
  const rows = new Map<string, ProxyRow>();
  for (const { replica, nowMs, proxies } of replicas) {
    for (const proxy of proxies) {
      const connectedSeconds = Math.round(proxy.connectedForMs / 1000);
      const known = rows.get(proxy.proxy);
      if (known !== undefined && known.connectedSeconds <= connectedSeconds) continue;
      rows.set(proxy.proxy, {
        proxy: proxy.proxy,
        workload: proxy.workload,
        identity: proxy.identity,
        replica,
        connectedSeconds,
        held: proxy.held,
        pending: proxy.pending,
        rejected: proxy.nacks,
        // One that has just reconnected with everything it should have is sent nothing, and has nothing to acknowledge.
        synced: proxy.pending === 0 && Object.values(proxy.held).some((count) => count > 0),
        ...certificateOf(proxy, nowMs),
      });
    }
  }
  return [...rows.values()].sort((a, b) => (a.proxy < b.proxy ? -1 : 1));
}

function certificateOf({ certificate }: ProxyReport, nowMs: number): Pick<ProxyRow, 'certificate'> {
  if (certificate === undefined) return {};
  const { notBeforeMs, notAfterMs } = certificate;
  return {
    certificate: {
      notBefore: new Date(notBeforeMs).toISOString(),
      notAfter: new Date(notAfterMs).toISOString(),
      remainingSeconds: Math.floor((notAfterMs - nowMs) / 1000),
    },
  };
}

/** `23h left of 24h`. */
function describeCertificate(certificate: RowCertificate | undefined): string {
  if (certificate === undefined) return 'unknown';
  const { notBefore, notAfter, remainingSeconds } = certificate;
  if (remainingSeconds <= 0) return `expired ${formatAge(-remainingSeconds * 1000)} ago`;
  const lifetimeMs = Date.parse(notAfter) - Date.parse(notBefore);
  return `${formatAge(remainingSeconds * 1000)} left of ${formatAge(lifetimeMs)}`;
}

export function registerStatus(program: Command, session: Session): void {
  program
    .command('status')
    .description('show the control plane and whether every proxy has what it should have')
    .option('-n, --namespace <name>', 'only gateways and proxies of this namespace')
    .addHelpText(
      'after',
      '\nExit code: 0 everything is in sync, 1 something is not, 2 the control plane cannot be asked.',
    )
    .action(async (options: { readonly namespace?: string }, command: Command) => {
      const context = contextOf(command, session);
      const namespace =
        options.namespace === undefined ? undefined : namespaceName('--namespace', options.namespace);
      const answers = await askReplicas<ReplicaStatus>(context, '/v1/status');
      const inNamespace = (key: string): boolean =>
        namespace === undefined || key.startsWith(`${namespace}/`);
      const proxies = proxyRows(answers).filter(({ proxy }) => inNamespace(proxy));
      const gateways = (await listGateways(context.api)).filter(({ gateway }) => inNamespace(gateway));
      const replicas = answers.map(({ replica, version, leading, proxies: connected }) => ({
        replica,
        version,
        leading,
        proxies: connected.length,
      }));
      context.print({ replicas, gateways, proxies }, () => {
        const control = formatTable(
          [
            { title: 'REPLICA', value: (row) => row.replica },
            { title: 'VERSION', value: (row) => row.version },
            { title: 'LEADS', value: (row) => (row.leading ? 'yes' : 'no') },
            { title: 'PROXIES', value: (row) => row.proxies },
          ],
          replicas,
        );
        const table = formatTable(
          [
            { title: 'PROXY', value: (row) => row.proxy },
            { title: 'WORKLOAD', value: (row) => row.workload },
            {
              title: 'SYNC',
              value: (row) =>
                row.rejected > 0 ? `rejected ${row.rejected}` : row.synced ? 'yes' : `${row.pending} pending`,
            },
            { title: 'LISTENERS', value: (row) => row.held['listener'] ?? 0 },
            { title: 'CLUSTERS', value: (row) => row.held['cluster'] ?? 0 },
            { title: 'CERTIFICATE', value: (row) => describeCertificate(row.certificate) },
            { title: 'CONNECTED', value: (row) => formatAge(row.connectedSeconds * 1000) },
          ],
          proxies,
        );
        const nobody = `No proxy${namespace === undefined ? '' : ` of namespace ${namespace}`} is connected.`;
        const parts = [control, ...(gateways.length === 0 ? [] : [gatewayTable(gateways)])];
        return [...parts, proxies.length === 0 ? nobody : table].join('\n\n');
      });
      const inForce = gateways.every(({ programmed }) => programmed);
      session.exitCode = inForce && proxies.every((row) => row.synced && row.rejected === 0) ? 0 : 1;
    });
}

function gatewayTable(gateways: readonly GatewayRow[]): string {
  return formatTable(
    [
      { title: 'GATEWAY', value: (row) => row.gateway },
      { title: 'CLASS', value: (row) => row.class },
      { title: 'ADDRESS', value: (row) => row.addresses.join(',') || '-' },
      { title: 'PROGRAMMED', value: (row) => (row.programmed ? 'yes' : `no: ${row.reason}`) },
      { title: 'LISTENERS', value: (row) => row.listeners },
      { title: 'ROUTES', value: (row) => row.attachedRoutes },
    ],
    gateways,
  );
}
