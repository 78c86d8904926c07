/** SPIFFE identities of workloads: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`. */

export interface Identity {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

export function formatIdentity(identity: Identity): string {
  return `spiffe://${identity.trustDomain}/ns/${identity.namespace}/sa/${identity.serviceAccount}`;
}

const pattern = /^spiffe:\/\/([a-z0-9._-]{1,255})\/ns\/([a-z0-9-]{1,63})\/sa\/([a-z0-9.-]{1,253})$/;

/** The parts of a workload's SPIFFE ID, or undefined where the text is not one. */
export function parseIdentity(uri: string): Identity | undefined {
  const match = pattern.exec(uri);
  if (match === null) return undefined;
  const [, trustDomain, namespace, serviceAccount] = match;
  if (trustDomain === undefined || namespace === undefined || serviceAccount === undefined) return undefined;
  return { trustDomain, namespace, serviceAccount };
}
