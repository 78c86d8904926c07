/**
 * What a service account token says of itself (RFC 7519), unverified: enough to turn away at once what the API server
 * would refuse, and to know when a token that it accepted expires.
 */

export interface TokenClaims {
  readonly audiences: readonly string[];
  readonly expiresAtMs: number;
}

/** Undefined where the text is no JSON Web Token with an expiry. */
export function claimsOf(token: string): TokenClaims | undefined {
  const [, payload, signature, ...rest] = token.split('.');
  if (payload === undefined || signature === undefined || rest.length > 0) return undefined;
  const claims = parse(Buffer.from(payload, 'base64url').toString('utf8'));
  if (typeof claims !== 'object' || claims === null) return undefined;
  const { aud, exp } = claims as { readonly aud?: unknown; readonly exp?: unknown };
  if (typeof exp !== 'number') return undefined;
  const audiences = (Array.isArray(aud) ? aud : [aud]).filter((one) => typeof one === 'string');
  return { audiences, expiresAtMs: exp * 1000 };
}

/** Why a token with these claims can be no good, whoever signed it; undefined where it may be. */
export function refusalOf(claims: TokenClaims, audience: string, nowMs: number): string | undefined {
  if (!claims.audiences.includes(audience)) return 'it is for another audience';
  return claims.expiresAtMs <= nowMs ? 'it has expired' : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
