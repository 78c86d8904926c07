/** The one logger: pino, JSON lines, a child per room. Secrets never reach it: callers log names, not contents. */

import { type Logger, pino } from 'pino';

export type { Logger };

export function createLogger(level: string, destination?: NodeJS.WritableStream): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  // Lines of one moment are written together, and nobody waits for who reads them; what is left is written at the exit.
  return pino(options, destination ?? pino.destination({ dest: 1, sync: false }));
}

/** For tests and for tools that must stay silent. */
export const silent: Logger = pino({ level: 'silent' });
