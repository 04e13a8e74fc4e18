// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type OciInteger, stringifyOciProcess, stringifyOciResources } from '@hako/protocols';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import type { CrunComponents, CrunOptions } from './crun-components.ts';
import type { OciRuntime, RuntimeFeatures, RuntimeProcess } from './oci-runtime.ts';
import { startWithOomScore } from './oom-score.ts';
import { prepareStdio } from './process-stdio.ts';
import { runtimeErrorOf } from './runtime-log.ts';
import { processHeeds } from './signal-dispositions.ts';

/** crun takes milliseconds; one that takes this long is stuck. */
const runLimitMs = 120_000;
const sigkill = 9;

/** How a run of the program begins. */
interface SpawnDetails {
  readonly onSpawned?: () => void;
  readonly oomScoreAdj?: OciInteger | undefined;
}

/** Text of a file that need not exist. */
async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return '';
    throw error;
  }
}

function parsePid(text: string, operation: string): number {
  const pid = /^\s*([1-9]\d*)\s*$/.exec(text)?.[1];
  if (pid === undefined) throw new AgentError('runtime_failed', `${operation}: no process id was written`);
  return Number(pid);
}

/**
 * Containers through crun (any program with the same command line will do). Source: crun(1) and the OCI runtime
 * command-line interface.
 *
 * A container's processes are no children of the agent at first: they become so when crun ends, because the agent is PID 1
 * or a subreaper. The reaper holds on to orphans that end before their process id has been read.
 */
export function createCrunRuntime(components: CrunComponents, options: CrunOptions): OciRuntime {
  const program = options.program ?? 'crun';
  const stateDir = join(options.runtimeDir, 'state');
  let serial = 0;
  let features: Promise<RuntimeFeatures> | undefined;

  /** Runs the program once. Its log goes to a file, because its stderr is the container's. */
  async function run(
    args: readonly string[],
    stdio: readonly ('ignore' | number)[],
    log: { readonly path: string; readonly operation: string },
    { onSpawned = () => undefined, oomScoreAdj }: SpawnDetails = {},
  ): Promise<void> {
    const words = [
      ...(options.launcher ?? []),
      program,
      '--root',
      stateDir,
      '--log',
      log.path,
      '--log-format',
      'json',
      ...args,
    ];
    const [file = program, ...rest] = words;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    // Not needed before the first container; the agent answers sooner without it.
    const { spawn } = process.getBuiltinModule('node:child_process');
    const child = startWithOomScore(oomScoreAdj, () =>
      spawn(file, rest, { stdio: [...stdio], timeout: runLimitMs, killSignal: 'SIGKILL' }),
    );
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
      // Without a process id there will be no exit.
      if (child.pid === undefined) resolve('');
    });
    child.once('exit', (code, name) => resolve(name === null ? String(code) : name));
    try {
      onSpawned();
    } catch (error) {
      child.kill('SIGKILL');
      reject(error instanceof Error ? error : new Error(String(error)));
    }
    const ending = await promise;
    if (failure !== undefined) {
      throw new AgentError('runtime_failed', `${program} cannot be run`, {
        operand: program,
        cause: failure,
      });
    }
    if (ending !== '0')
      throw runtimeErrorOf(log.operation, `ended with ${ending}`, await readIfThere(log.path));
  }

  /** Starts a process by `create` or `exec` and finds out what became of it. */
  async function launch(request: {
    readonly operation: string;
    readonly globalArgs: readonly string[];
    readonly args: (pidFile: string, stdioArgs: readonly string[]) => readonly string[];
    readonly terminal: boolean;
    readonly oomScoreAdj?: OciInteger | undefined;
    readonly signal: AbortSignal;
  }): Promise<RuntimeProcess> {
    request.signal.throwIfAborted();
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    serial += 1;
    const prefix = join(options.runtimeDir, serial.toString());
    const [pidFile, logFile, socketPath] = [`${prefix}.pid`, `${prefix}.log`, `${prefix}.tty`];
    using prepared = prepareStdio(components, {
      terminal: request.terminal,
      socketPath,
      capacityBytes: options.pipeCapacityBytes ?? 0,
    });
    using _hold = components.reaper.hold();
    try {
      const args = [...request.globalArgs, ...request.args(pidFile, prepared.args)];
      const log = { path: logFile, operation: `${program} ${request.operation}` };
      const { oomScoreAdj } = request;
      await run(args, prepared.stdio, log, { onSpawned: () => prepared.closeChildEnds(), oomScoreAdj });
      const pid = parsePid(await readIfThere(pidFile), log.operation);
      const exited = components.reaper.watch(pid);
      // Whoever holds the process waits for it; until then nobody must be alarmed.
      exited.catch(() => undefined);
      if (request.signal.aborted) {
        // Stopping crun half-way could leave a process nobody knows; so it is let finish, and its work undone.
        components.kill(pid, sigkill);
        request.signal.throwIfAborted();
      }
      return {
        pid,
        rootDir: `/proc/${pid}/root`,
        exited,
        io: prepared.take(),
        signal: (signal) => components.kill(pid, signal),
        heeds: (signal) => processHeeds(pid, signal),
      };
    } finally {
      await Promise.all([pidFile, logFile].map((path) => rm(path, { force: true })));
    }
  }

  const simple = async (operation: string, args: readonly string[]): Promise<void> => {
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    serial += 1;
    const path = join(options.runtimeDir, `${serial.toString()}.log`);
    try {
      await run(args, ['ignore', 'ignore', 'ignore'], { path, operation: `${program} ${operation}` });
    } finally {
      await rm(path, { force: true });
    }
  };
  const deleteContainer = (containerId: string) =>
    simple(`delete ${containerId}`, ['delete', '--force', containerId]);

  return {
    name: program,
    async create(request) {
      const manager =
        request.cgroupManager === 'systemd' ? ['--systemd-cgroup'] : ['--cgroup-manager=cgroupfs'];
      const noPivot = options.noPivotRoot === true ? ['--no-pivot'] : [];
      try {
        return await launch({
          operation: `create ${request.containerId}`,
          globalArgs: manager,
          args: (pidFile, stdioArgs) => [
            'create',
            '--bundle',
            request.bundleDir,
            '--pid-file',
            pidFile,
            ...noPivot,
            ...stdioArgs,
            request.containerId,
          ],
          terminal: request.terminal,
          signal: request.signal,
        });
      } catch (error) {
        // A create that was stopped half-way leaves its state behind.
        await deleteContainer(request.containerId).catch(() => undefined);
        throw error;
      }
    },
    start: (containerId) => simple(`start ${containerId}`, ['start', containerId]),
    async exec(request) {
      await mkdir(options.runtimeDir, { recursive: true, mode: 0o700 });
      serial += 1;
      const processFile = join(options.runtimeDir, `${serial.toString()}.json`);
      try {
        await writeFile(processFile, stringifyOciProcess(request.process), { mode: 0o600 });
        return await launch({
          operation: `exec ${request.containerId}`,
          globalArgs: ['--cgroup-manager=cgroupfs'],
          args: (pidFile, stdioArgs) => [
            'exec',
            '--process',
            processFile,
            '--detach',
            '--pid-file',
            pidFile,
            ...stdioArgs,
            request.containerId,
          ],
          terminal: request.process.terminal === true,
          // crun leaves this to whoever calls it.
          oomScoreAdj: request.process.oomScoreAdj,
          signal: request.signal,
        });
      } finally {
        await rm(processFile, { force: true });
      }
    },
    async update(containerId, resources) {
      await mkdir(options.runtimeDir, { recursive: true, mode: 0o700 });
      serial += 1;
      const resourcesFile = join(options.runtimeDir, `${serial.toString()}.json`);
      try {
        await writeFile(resourcesFile, stringifyOciResources(resources), { mode: 0o600 });
        await simple(`update ${containerId}`, ['update', '--resources', resourcesFile, containerId]);
      } finally {
        await rm(resourcesFile, { force: true });
      }
    },
    delete: deleteContainer,
    features: () => (features ??= askFeatures(program)),
  };
}

async function askFeatures(program: string): Promise<RuntimeFeatures> {
  return { seccomp: (await hasSeccomp(program)) && (await kernelHasSeccomp()) };
}

/** `crun --version` ends in a line such as `+SYSTEMD +SELINUX +CAP +SECCOMP`. */
async function hasSeccomp(program: string): Promise<boolean> {
  const { runProgram } = await import('../system/program-runner.ts');
  const { stdout } = await runProgram({ file: program, args: ['--version'], timeoutMs: 10_000 });
  return stdout.split(/\s+/).includes('+SECCOMP');
}

/** Without it in the kernel there is no such line. Source: proc(5). */
async function kernelHasSeccomp(): Promise<boolean> {
  return /^Seccomp_filters:|^Seccomp:/m.test(await readFile('/proc/self/status', 'utf8'));
}
