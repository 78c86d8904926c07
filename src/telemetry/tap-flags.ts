/**
 * Envoy's response flags in words: why a response did not come from the application, or what was done to it. By field
 * number of envoy.data.accesslog.v3.ResponseFlags.
 */

const flags: Readonly<Record<number, string>> = {
  1: 'LH: the endpoint failed its health check',
  2: 'UH: no healthy endpoint',
  3: 'UT: the endpoint took longer than the route allows',
  4: 'LR: the connection was reset by the proxy',
  5: 'UR: the endpoint reset the connection',
  6: 'UF: no connection to the endpoint could be made',
  7: 'UC: the endpoint closed the connection',
  8: 'UO: too many requests or connections at once',
  9: 'NR: no route matches',
  10: 'DI: delayed by a fault that was injected',
  11: 'FI: aborted by a fault that was injected',
  12: 'RL: beyond the rate limit',
  13: 'UAEX: refused by external authorization',
  14: 'RLSE: the rate limit service failed',
  15: 'DC: the client closed the connection',
  16: 'URX: no attempt is left, or the endpoint could not be connected to often enough',
  17: 'SI: the stream was idle for too long',
  18: 'IH: a header of the request is invalid',
  19: 'DPE: the client broke the protocol',
  20: 'UMSDR: the stream lasted longer than is allowed',
  21: 'RFCF: answered from a cache',
  22: 'NFCF: a filter has no configuration',
  23: 'DT: the request lasted longer than is allowed',
  24: 'UPE: the endpoint broke the protocol',
  25: 'NC: the cluster of the route does not exist',
  26: 'OM: the proxy sheds load',
  27: 'DF: the name of the host could not be resolved',
  28: 'DR: the client reset the stream',
};

/** An unknown number is told as it is: a newer Envoy knows more. */
export function flagsInWords(numbers: readonly number[]): readonly string[] {
  return numbers.map((number) => flags[number] ?? `flag ${number}`);
}
