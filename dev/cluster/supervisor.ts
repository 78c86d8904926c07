/** Starts the components of a cluster, keeps their logs, and starts them again when they end uncalled. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Backoff } from '../../src/base/backoff.ts';
import { lastLines, type Log } from '../command.ts';

interface Component {
  readonly argv: readonly string[];
  readonly backoff: Backoff;
  process: ChildProcess;
  restart: NodeJS.Timeout | undefined;
}

export interface SupervisorOptions {
  /** Words in front of every command. */
  readonly prefix: readonly string[];
  /** Must exist. */
  readonly logDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
  /** Aborted when the cluster is to end: nothing is started after that. */
  readonly signal: AbortSignal;
}

export class Supervisor {
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly #prefix: readonly string[];
  readonly #logDirectory: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #components = new Map<string, Component>();
  /** Processes whose end is our own doing. */
  readonly #killed = new WeakSet<ChildProcess>();

  constructor(options: SupervisorOptions) {
    this.#prefix = options.prefix;
    this.#logDirectory = options.logDirectory;
    this.#environment = options.environment;
    this.log = options.log;
    this.signal = options.signal;
  }

  start(name: string, argv: readonly string[]): void {
    this.signal.throwIfAborted();
    const component: Component = {
      argv,
      backoff: new Backoff({ initialMs: 200, maxMs: 10_000 }),
      process: this.#spawn(name, argv),
      restart: undefined,
    };
    this.#components.set(name, component);
    this.#watch(name, component);
  }

  get names(): readonly string[] {
    return [...this.#components.keys()];
  }

  /** Kills a component and starts it at once; resolves when the new process runs. */
  async restart(name: string): Promise<void> {
    const component = this.#components.get(name);
    if (component === undefined) throw new Error(`no component ${name}; there are ${this.names.join(', ')}`);
    component.backoff.reset();
    await this.#kill(component);
    clearTimeout(component.restart);
    component.process = this.#spawn(name, component.argv);
    this.#watch(name, component);
  }

  /** Ends all components and starts none again. */
  async end(): Promise<void> {
    for (const component of this.#components.values()) clearTimeout(component.restart);
    await Promise.all([...this.#components.values()].map((component) => this.#kill(component)));
  }

  /** The last words of a component, for an error message. */
  async lastWords(name: string): Promise<string> {
    return lastLines(await readFile(join(this.#logDirectory, `${name}.log`), 'utf8').catch(() => ''), 5);
  }

  #spawn(name: string, argv: readonly string[]): ChildProcess {
    const [program = '', ...words] = [...this.#prefix, ...argv];
    const logFile = openSync(join(this.#logDirectory, `${name}.log`), 'a');
    try {
      return spawn(program, words, { stdio: ['ignore', logFile, logFile], env: this.#environment, cwd: '/' });
    } finally {
      closeSync(logFile);
    }
  }

  #watch(name: string, component: Component): void {
    const watched = component.process;
    watched.on('error', (error) => this.log(`${name} could not be started: ${error.message}`));
    watched.on('exit', (code, signal) => {
      if (this.#killed.has(watched)) return;
      const delayMs = component.backoff.next();
      this.log(
        `${name} ended (${signal ?? `exit code ${code}`}); starting it again in ${Math.round(delayMs)} ms`,
      );
      component.restart = setTimeout(() => {
        component.process = this.#spawn(name, component.argv);
        this.#watch(name, component);
      }, delayMs);
    });
  }

  async #kill({ process: child }: Component): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    this.#killed.add(child);
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    // Through nsenter the program itself is the child of our child, which ends only after it: its ports are free then.
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').catch(() => '');
    const inner = this.#prefix.includes('nsenter') ? children.trim() : '';
    if (inner === '') child.kill('SIGKILL');
    else process.kill(Number(inner.split(' ')[0]), 'SIGKILL');
    await ended;
  }
}
