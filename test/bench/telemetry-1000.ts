/**
 * What a thousand proxies that report every ten seconds cost a replica of the control plane: CPU and memory while they
 * report, less what the same thousand connections cost while they are silent. And how large the store is after an hour,
 * which is not waited for: the same reports go into a store of its own whose clock is moved.
 */

import { fork } from 'node:child_process';
import { controlFlags } from '../../dev/images/definitions.ts';
import { wait } from '../../src/base/backoff.ts';
import { systemClock } from '../../src/base/clock.ts';
import { reportIntervalSeconds } from '../../src/base/signals.ts';
import { formatIdentity } from '../../src/base/spiffe.ts';
import { silent } from '../../src/base/log.ts';
import { Authority } from '../../src/ca/authority.ts';
import { generateKey, keyPem, publicKeyDer } from '../../src/ca/material.ts';
import { authoritySecretName, materialOfSecret } from '../../src/controllers/authority-secret.ts';
import type { Secret } from '../../src/controllers/objects.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import * as resources from '../../src/kube/resources.ts';
import type { Figures, Surroundings } from './cases.ts';
import { buildControlPlane, startControlPlane } from './control-plane.ts';
import {
  type BenchWorkload,
  type ReportingCommand,
  type ReportingReply,
  type ReportingSetup,
  reportOf,
  workloadCount,
} from './telemetry-fleet.ts';
import type { HourFigures } from './telemetry-hour.ts';
import { controlNamespace, readWorkload, type Workload } from './workload.ts';

const proxyCount = 1_000;
const settleMs = 5_000;
const silentMs = 20_000;
const reportingMs = 60_000;
const rounds = 3;

export async function run({ kubeconfigPath }: Surroundings): Promise<Figures> {
  const api = createKubeApi({ kubeconfigPath, log: silent });
  const controlPlane = await startControlPlane(await buildControlPlane(), kubeconfigPath);
  const child = fork(new URL('./telemetry-process.ts', import.meta.url));
  const ask = (command: ReportingCommand): Promise<ReportingReply> =>
    new Promise((resolve, reject) => {
      child.once('message', (message) => {
        const reply = message as ReportingReply;
        if (reply.error === undefined) resolve(reply);
        else reject(new Error(reply.error));
      });
      child.send(command);
    });
  try {
    const secret = await api.get<Secret>(resources.secrets, authoritySecretName, controlNamespace);
    if (secret === undefined) throw new Error('the control plane made no certificate authority');
    const authority = new Authority(materialOfSecret(secret), systemClock);
    const workloads = benchWorkloads(await readWorkload(api));
    await ask({ what: 'connect', setup: setupOf(authority, workloads), port: controlPlane.xdsPort });
    await wait(settleMs);
    const connected = controlPlane.consumption();
    await wait(silentMs);
    const quiet = controlPlane.consumption();
    await ask({ what: 'report', intervalMs: reportIntervalSeconds * 1_000 });
    await wait(reportIntervalSeconds * 2_000);
    const begin = controlPlane.consumption();
    const before = await ask({ what: 'count' });
    await wait(reportingMs);
    const end = controlPlane.consumption();
    const { answered = 0, refused = 0 } = await ask({ what: 'count' });
    const silentCpu = (quiet.cpuSeconds - connected.cpuSeconds) / (silentMs / 1_000);
    const reportingCpu = (end.cpuSeconds - begin.cpuSeconds) / (reportingMs / 1_000);
    const series = await controlPlane.metric('weft_telemetry_series');
    const stallMs = (await controlPlane.metric('weft_event_loop_longest_stall_seconds')) * 1_000;
    if (refused > 0) throw new Error(`${refused} reports were refused`);
    const hour = await hourOf(workloads);
    const messageBytes = reportOf(0, workloads, 0, 0).length;
    console.log(
      `${series} series, reports of ${messageBytes} bytes, ${(answered - (before.answered ?? 0)) / (reportingMs / 1_000)} a second; ` +
        `CPU ${(silentCpu * 100).toFixed(1)} % silent, ${(reportingCpu * 100).toFixed(1)} % reporting; ` +
        `${quiet.residentMB.toFixed(0)} MB silent, ${end.residentMB.toFixed(0)} MB after ${reportingMs / 1_000 + 20} s; ` +
        `an hour: ${hour.addedMB.toFixed(0)} MB, of which ${hour.storedMB.toFixed(0)} MB are slots`,
    );
    return {
      cpuPercentOfOneCore: (reportingCpu - silentCpu) * 100,
      addedMB: end.residentMB - quiet.residentMB,
      addedAfterAnHourMB: hour.addedMB,
      reportMicros: hour.reportMicros,
      hourQueryMs: hour.hourQueryMs,
      minuteQueryMs: hour.minuteQueryMs,
      maxStallMs: stallMs,
      series,
    };
  } finally {
    child.kill();
    await controlPlane.kill();
  }
}

function benchWorkloads({ proxies, services }: Workload): readonly BenchWorkload[] {
  return proxies.slice(0, workloadCount).map(({ namespace, serviceAccount }, index) => ({
    name: `${namespace}/Deployment/${serviceAccount}@v1`,
    service: `${services[index]?.namespace}/${services[index]?.name}:80`,
  }));
}

function setupOf(authority: Authority, workloads: readonly BenchWorkload[]): ReportingSetup {
  const nowMs = Date.now();
  const proxies = Array.from({ length: proxyCount }, (_, index) => {
    const { name = '' } = workloads[index % workloads.length] ?? {};
    const [namespace = '', kind = '', rest = ''] = name.split('/');
    const [own = '', version = ''] = rest.split('@');
    const key = generateKey();
    const { chain } = authority.issueWorkload({
      publicKey: publicKeyDer(key),
      identity: formatIdentity({ trustDomain: 'cluster.local', namespace, serviceAccount: own }),
      subject: { namespace, workload: `${kind}/${own}`, version },
      lifetimeMs: 86_400_000,
    });
    const messages = Array.from({ length: rounds }, (__, round) =>
      reportOf(index % workloads.length, workloads, round, nowMs).toString('base64'),
    );
    return { key: keyPem(key), chain, messages };
  });
  return { ca: authority.trustBundle, serverName: `weft.${controlNamespace}.svc`, proxies };
}

function hourOf(workloads: readonly BenchWorkload[]): Promise<HourFigures> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./telemetry-hour.ts', import.meta.url), { execArgv: [...controlFlags] });
    child.once('message', (figures) => resolve(figures as HourFigures));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the hour ended with ${code}`)));
    child.send(workloads);
  });
}
