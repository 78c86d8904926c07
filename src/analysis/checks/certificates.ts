/** The certificates that the listeners of a Gateway show. */

import type { ListenerTLS } from '../../mesh/gateway-model.ts';
import type { JudgedListener } from '../../mesh/gateways/judge-listener.ts';
import { covers } from '../../mesh/routes/hostnames.ts';
import type { Check, Problem } from '../check.ts';
import { type CertificateFacts, type Input, situationOf } from '../input.ts';
import type { GatewaySubject } from '../subjects.ts';
import { eachListener } from './listeners.ts';

export const certificateChecks: readonly Check<GatewaySubject>[] = [
  {
    code: 'WEFT-ANL-102',
    severity: 'error',
    find: ({ judged = none }, input) => eachListener(judged, (listener) => expired(listener, input)),
  },
  {
    code: 'WEFT-ANL-103',
    severity: 'warning',
    find: ({ judged = none }, input) => eachListener(judged, (listener) => expiresSoon(listener, input)),
  },
  {
    code: 'WEFT-ANL-104',
    severity: 'error',
    find: ({ judged = none }, input) => eachListener(judged, (listener) => otherNames(listener, input)),
  },
];

const none = { listeners: [] };
const dayMs = 86_400_000;
/** cert-manager renews a third of the lifetime before: thirty days of ninety. */
const soonDays = 14;

const secretsOf = (tls: ListenerTLS | undefined): readonly string[] =>
  tls?.mode === 'Terminate' ? tls.certificates : [];

function shown(
  { tls }: JudgedListener,
  { read, derived }: Input,
): readonly (CertificateFacts & { readonly secret: string })[] {
  return secretsOf(tls).flatMap((secret) => {
    const facts = read(derived.certificates, secret);
    return facts === undefined ? [] : [{ secret, ...facts }];
  });
}

type Found = Omit<Problem, 'path'> & { readonly path: string };

function expired(listener: JudgedListener, input: Input): Found | undefined {
  const { nowMs } = situationOf(input);
  const found = shown(listener, input).find(({ notAfterMs }) => notAfterMs <= nowMs);
  if (found === undefined) return undefined;
  return {
    path: '.tls.certificateRefs',
    message: `the certificate in Secret ${found.secret} expired on ${dateOf(found.notAfterMs)}: clients refuse it`,
    fix: 'Put a new certificate into the Secret; proxies take it up at once.',
  };
}

function expiresSoon(listener: JudgedListener, input: Input): Found | undefined {
  const { nowMs } = situationOf(input);
  const found = shown(listener, input).find(
    ({ notAfterMs }) => notAfterMs > nowMs && notAfterMs < nowMs + soonDays * dayMs,
  );
  if (found === undefined) return undefined;
  return {
    path: '.tls.certificateRefs',
    message: `the certificate in Secret ${found.secret} expires on ${dateOf(found.notAfterMs)}`,
    fix: 'Put a new certificate into the Secret, or find out why what renews it has not done so.',
  };
}

const dateOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

/** Of several certificates one has to fit: Envoy chooses it by the name that the client asks for. */
function otherNames(listener: JudgedListener, input: Input): Found | undefined {
  const { hostname } = listener;
  const certificates = shown(listener, input);
  if (hostname === undefined || certificates.length === 0) return undefined;
  const names = certificates.flatMap(({ dnsNames }) => dnsNames);
  // A wildcard of a certificate stands for one label, a listener's for any number: some name below it is enough.
  const fits = names.some((name) =>
    hostname.startsWith('*') ? covers(hostname, name) : isFor(name, hostname),
  );
  if (fits) return undefined;
  return {
    path: '.tls.certificateRefs',
    message: `the certificate is for ${names.length === 0 ? 'no name at all' : names.join(', ')}, and the listener for ${hostname}: clients refuse it`,
    fix: `Use a certificate whose subjectAltName has ${hostname}.`,
  };
}

/** RFC 9525: the wildcard is the first label, whole, and stands for one. */
function isFor(name: string, hostname: string): boolean {
  if (name === hostname) return true;
  return name.startsWith('*.') && hostname.slice(hostname.indexOf('.')) === name.slice(1);
}
