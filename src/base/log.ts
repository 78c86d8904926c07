/** The one logger: pino, JSON lines, a child per room. Secrets never reach it: callers log names, not contents. */

import { type Logger, pino } from 'pino';

export type { Logger };

export function createLogger(level: string, destination?: NodeJS.WritableStream): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** For tests and for tools that must stay silent. */
export const silent: Logger = pino({ level: 'silent' });
