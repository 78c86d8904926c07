/** Regular expressions that Envoy will take: RE2 syntax. */

/** Beyond this Envoy may refuse a program as too large. */
const longest = 1024;
const notInRE2 = /\(\?(?:[=!]|<[=!]|>)|\\[1-9]|\\k</;
/** Written otherwise in JavaScript, so that it cannot judge them. */
const onlyInRE2 = /\\[AzQECpP]|\(\?[a-zA-Z-]+[:)]|\[\[:/;

/** Why RE2 would refuse the expression, or undefined where nothing speaks against it. */
export function regexProblem(expression: string): string | undefined {
  if (expression.length > longest) return `it is longer than ${longest} characters`;
  if (notInRE2.test(expression)) return 'RE2 has no lookaround, atomic groups or back references';
  if (onlyInRE2.test(expression)) return undefined;
  try {
    // Only whether it can be read at all.
    RegExp(expression.replaceAll('(?P<', '(?<'));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
