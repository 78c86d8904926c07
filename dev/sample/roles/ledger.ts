/** Accounts over a TCP protocol of its own, opaque to any proxy: `ADD <account> <cents>` -> `OK <version> <balance>`. */

import { readLines, startLines } from '../lib/lines.ts';
import type { RoleOptions, Running } from '../lib/running.ts';

export function startLedger({ version, port }: RoleOptions): Promise<Running> {
  const balances = new Map<string, number>();
  const answer = (line: string): string => {
    const [, account, amount] = /^ADD (\S{1,64}) (-?\d{1,9})$/.exec(line) ?? [];
    if (account === undefined) return `ERR ${version} say ADD <account> <cents>`;
    const balance = (balances.get(account) ?? 0) + Number(amount);
    balances.set(account, balance);
    return `OK ${version} ${balance}`;
  };
  return startLines(port, (socket) => readLines(socket, (line) => socket.write(`${answer(line)}\n`)));
}
