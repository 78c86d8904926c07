/**
 * Running other programs from the developer tools: output captured, failures told with the program's own last
 * words, and a line every few seconds while something slow is under way.
 */

import { type ChildProcess, spawn } from 'node:child_process';

/** Receives one line of progress for people. */
export type Log = (line: string) => void;

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Called for every line of standard error while the program runs. */
  readonly onErrorLine?: (line: string) => void;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that could not be started or that failed; the message is one sentence and what the program said last. */
export class CommandError extends Error {
  readonly result: CommandResult;

  constructor(argv: readonly string[], result: CommandResult) {
    const said = lastLines(result.stderr.trim() === '' ? result.stdout : result.stderr, 12);
    super(
      `${argv.join(' ').slice(0, 200)} failed (exit code ${result.code})${said === '' ? '' : `:\n${said}`}`,
    );
    this.name = 'CommandError';
    this.result = result;
  }
}

const running = new Set<ChildProcess>();
// A build that nobody waits for any more must not go on.
process.on('exit', () => {
  for (const child of running) child.kill('SIGINT');
});

/** Runs a program to its end whatever its exit code; 127 stands for a program that is not there. */
export function tryRun(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program = '', ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGKILL' }),
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    let stdout = '';
    let stderr = '';
    let partial = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      if (options.onErrorLine === undefined) return;
      const lines = (partial + chunk).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) options.onErrorLine(line);
    });
    // A program that ends without reading its input is not an error of ours.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'ENOENT' ? 127 : 126;
      resolve({ code, stdout, stderr: error.code === 'ENOENT' ? `${program}: not found` : error.message });
    });
    child.on('close', (code, signal) => {
      resolve({
        code: code ?? 128,
        stdout,
        stderr: signal === null ? stderr : `${stderr}\nended by ${signal}`,
      });
    });
  });
}

/** Runs a program and returns its standard output; throws CommandError when it fails. */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await tryRun(argv, options);
  if (result.code !== 0) throw new CommandError(argv, result);
  return result.stdout;
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/**
 * Runs `work` and says what it is doing once it has taken two seconds, then every five; `detail` adds to the later
 * lines. Quick work stays silent.
 */
export async function withProgress<T>(
  log: Log,
  doing: string,
  work: () => Promise<T>,
  detail: () => string = () => '',
): Promise<T> {
  const startedMs = Date.now();
  const elapsed = (): string => `${Math.round((Date.now() - startedMs) / 1000)} s`;
  let spoke = false;
  const tell = (): void => {
    const more = detail();
    log(spoke ? `${doing}: ${elapsed()}${more === '' ? '' : `, ${more}`}` : `${doing} ...`);
    spoke = true;
  };
  const first = setTimeout(tell, 2_000);
  const later = setInterval(tell, 5_000);
  try {
    const result = await work();
    if (spoke) log(`${doing}: done in ${elapsed()}`);
    return result;
  } finally {
    clearTimeout(first);
    clearInterval(later);
  }
}
