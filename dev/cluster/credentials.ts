/** Writes a cluster's certificates and kubeconfigs. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from './components.ts';
import { type Authority, createAuthority, createTokenKey, issue, type KeyPair, type Subject } from './pki.ts';

/** The administrator's kubeconfig of the cluster whose folder this is. */
export function adminKubeconfigPath(directory: string): string {
  return join(directory, 'admin.kubeconfig');
}

function kubeconfig(name: string, server: string, authority: Authority, user: string, pair: KeyPair): string {
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(authority.certificatePem) } }],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(pair.certificatePem),
          'client-key-data': base64(pair.keyPem),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

export interface AdminCredentials extends KeyPair {
  readonly server: string;
  readonly authorityPem: string;
}

/** Fills pki/ and the kubeconfigs of the control plane's folder; returns what the caller needs to talk to it. */
export async function writeCredentials(
  name: string,
  plane: ControlPlane,
  apiServiceAddress: string,
  nodeName: string,
): Promise<AdminCredentials> {
  const authority = createAuthority();
  const tokenKey = createTokenKey();
  const server = `https://${plane.address}:${plane.securePort}`;
  const pki = join(plane.directory, 'pki');
  await mkdir(pki, { recursive: true, mode: 0o700 });
  const files: Record<string, string> = {
    'ca.crt': authority.certificatePem,
    'ca.key': authority.keyPem,
    'token.key': tokenKey.privatePem,
    'token.pub': tokenKey.publicPem,
  };
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  const presented: Record<string, Subject> = {
    apiserver: {
      commonName: 'kube-apiserver',
      names: [...service, 'localhost', ...new Set([apiServiceAddress, plane.address, '127.0.0.1'])],
    },
    'kubelet-client': { commonName: 'apiserver-kubelet-client', organization: 'system:masters' },
    'front-proxy': { commonName: 'front-proxy' },
  };
  for (const [file, subject] of Object.entries(presented)) {
    const pair = issue(authority, subject);
    files[`${file}.crt`] = pair.certificatePem;
    files[`${file}.key`] = pair.keyPem;
  }
  const admin = issue(authority, { commonName: 'admin', organization: 'system:masters' });
  const users: Record<string, KeyPair> = {
    admin,
    'controller-manager': issue(authority, { commonName: 'system:kube-controller-manager' }),
    scheduler: issue(authority, { commonName: 'system:kube-scheduler' }),
    node: issue(authority, { commonName: `system:node:${nodeName}`, organization: 'system:nodes' }),
    proxy: issue(authority, { commonName: 'system:kube-proxy' }),
    dns: issue(authority, { commonName: 'weft:dns' }),
  };
  const secret = { mode: 0o600 };
  for (const [file, content] of Object.entries(files)) await writeFile(join(pki, file), content, secret);
  for (const [user, pair] of Object.entries(users)) {
    const path = join(plane.directory, `${user}.kubeconfig`);
    await writeFile(path, kubeconfig(`weft-${name}`, server, authority, user, pair), secret);
  }
  return { ...admin, server, authorityPem: authority.certificatePem };
}
