/** Path rewrites, shared by URL rewrites and redirects: where Envoy's plain prefix rewrite would double or lose a slash, a regex does it. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PathMatch, PathRewrite } from '../../mesh/model.ts';
import type { RegexMatchAndSubstituteSchema } from '../proto/envoy/type/matcher/v3/regex_pb.js';

type RegexRewrite = MessageInitShape<typeof RegexMatchAndSubstituteSchema>;

export type EnvoyRewrite =
  | { readonly prefixRewrite: string }
  | { readonly regexRewrite: RegexRewrite }
  | Record<never, never>;

/**
 * The rest behind the matched prefix always begins at a slash: `/a` replaced by `/` makes `/a/x` to `/x`, and
 * `/` replaced by `/b` makes `/x` to `/b/x`. The query is never touched.
 */
export function prefixRewrite(match: PathMatch, value: string): EnvoyRewrite {
  if (match.type !== 'PathPrefix') return {};
  const replacement = value.replace(/\/+$/, '');
  if (match.value === '/') return { prefixRewrite: `${replacement}/` };
  if (replacement !== '') return { prefixRewrite: replacement };
  return { regexRewrite: { pattern: { regex: `^${quote(match.value)}/?` }, substitution: '/' } };
}

export function fullPathRewrite(value: string): RegexRewrite {
  return { pattern: { regex: '^/.*$' }, substitution: value.replaceAll('\\', '\\\\') };
}

export function pathRewrite(match: PathMatch, rewrite: PathRewrite | undefined): EnvoyRewrite {
  if (rewrite === undefined) return {};
  if (rewrite.type === 'ReplacePrefixMatch') return prefixRewrite(match, rewrite.value);
  return { regexRewrite: fullPathRewrite(rewrite.value) };
}

export function quote(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}
