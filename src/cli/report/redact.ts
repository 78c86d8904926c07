/**
 * Takes out of a report what must not leave the cluster. Objects lose the values of environment variables, what tools
 * have remembered of them, and everything in fields whose name says that it is secret; all text loses keys, tokens and
 * passwords wherever they stand. What is doubtful goes.
 */

import { isObject } from '../../base/json.ts';

export const redacted = '[redacted]';

/** Names of fields that hold secrets, but not those that only name one. */
const secretField =
  /(token|password|passwd|secret|credential|apikey|api[-_]key|private[-_]?key|authorization|cookie)s?$/i;
/** References and settings that such names are also used for. */
const harmlessField =
  /^(automountServiceAccountToken|secretName|serviceAccountToken|tokenExpirationSeconds|expirationSeconds|imagePullSecrets|secrets?|keyType|secretRef|secretKeyRef|certificateRefs)$/;

const secretPair = /token|passw|secret|credential|api[-_]?key|private[-_]?key|authorization|cookie/i;

/** Annotations in which whole objects, with their environment, are kept. */
const remembered = /last-applied-configuration|weft\.dev\/originals|helm\.sh\/|checksum/;

/** @param value parsed JSON of any shape */
export function redactObject(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map((item) => redactObject(item));
  if (!isObject(value)) return value;
  if (value['kind'] === 'Secret')
    return { kind: 'Secret', metadata: nameOf(value['metadata']), data: redacted };
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, content]) => {
      if (name === 'managedFields') return [];
      // A header or setting that a list has as a pair.
      if (name === 'value' && secretPair.test(String(value['name']))) return [[name, redacted]];
      return [[name, redactField(name, content)]];
    }),
  );
}

function redactField(name: string, content: unknown): unknown {
  if (name === 'env' && Array.isArray(content)) return content.map(redactVariable);
  if (name === 'annotations' && isObject(content)) {
    return redactObject(Object.fromEntries(Object.entries(content).filter(([key]) => !remembered.test(key))));
  }
  const isPlain = typeof content === 'string' || typeof content === 'number';
  if (secretField.test(name) && !harmlessField.test(name))
    return isPlain || isObject(content) ? redacted : redactObject(content);
  return redactObject(content);
}

/** References to other fields and objects stay: they name, they do not hold. */
function redactVariable(variable: unknown): unknown {
  if (!isObject(variable)) return redacted;
  const { name, value, valueFrom } = variable;
  return {
    name,
    ...(value === undefined ? {} : { value: redacted }),
    ...(valueFrom === undefined ? {} : { valueFrom }),
  };
}

function nameOf(metadata: unknown): unknown {
  if (!isObject(metadata)) return {};
  const { name, namespace } = metadata;
  return { name, namespace };
}

const patterns: readonly (readonly [RegExp, string])[] = [
  // PEM, also where line ends are written as \n; certificates are no secret.
  [/-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[\s\S]*?(-----END \1-----|$)/g, redacted],
  // JSON Web Tokens (RFC 7519), as of service accounts.
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*/g, redacted],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${redacted}`],
  // Headers in the log of a proxy: 'cookie', 'value'.
  [/('(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key)',\s*)'[^']*'/gi, `$1'${redacted}'`],
  [
    /\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(["']?\s*[:=]\s*)(?!\[redacted\])[^\r\n,}]+/gi,
    `$1$2${redacted}`,
  ],
  // Arguments, query parameters and settings.
  [
    /\b([\w-]*(?:password|passwd|token|secret|api[-_]?key|access[-_]?key|credential))(["']?\s*[=:]\s*["']?)(?!\[redacted\])[^\s"'&,;}]+/gi,
    `$1$2${redacted}`,
  ],
  // Credentials within an address.
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:]+:[^\s/@]+@/gi, `$1${redacted}@`],
];

export function redactText(text: string): string {
  return patterns.reduce((left, [pattern, replacement]) => left.replace(pattern, replacement), text);
}
