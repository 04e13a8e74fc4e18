// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type OciProcess, type OciResources, type OciSpec, parseOciSpec } from '@hako/protocols';
import { AgentError } from '../errors/agent-error.ts';
import type { OciRuntime } from '../runtime/oci-runtime.ts';
import { createFakeCgroups, type FakeCgroups } from './fake-cgroups.ts';
import { FakeProcess, type FakeProgram } from './fake-process.ts';
import { fakePrograms } from './fake-programs.ts';

/** A container of the fake runtime. */
export interface FakeContainer {
  readonly id: string;
  /** What it was made from. */
  readonly spec: OciSpec;
  readonly init: FakeProcess;
  /** Init and what was started by exec. */
  readonly processes: FakeProcess[];
  isStarted: boolean;
  /** Limits set by updates, in their order. */
  readonly updates: OciResources[];
}

/** Where the fake runtime is told to fail: the next call of that operation throws the error. */
export type FakeFailures = Partial<
  Record<'create' | 'start' | 'exec' | 'update' | 'delete', Error | undefined>
>;

/** An OCI runtime in memory, with the cgroups of its containers. */
export interface FakeRuntime extends OciRuntime {
  /** Containers that have not been deleted. */
  readonly containers: ReadonlyMap<string, FakeContainer>;
  /** The operations so far, such as `create web`. */
  readonly calls: readonly string[];
  /** Errors to throw. */
  readonly failures: FakeFailures;
  /** Their cgroups, version 2. */
  readonly cgroups: FakeCgroups;
  /** Whether it has seccomp filters. Default true. */
  hasSeccomp: boolean;
  /** Awaited before each operation, to hold it up. */
  gate: (operation: string) => Promise<void>;
}

const firstPid = 100_000;

/** A {@link FakeRuntime} without containers. */
export function createFakeRuntime(programs: ReadonlyMap<string, FakeProgram> = fakePrograms): FakeRuntime {
  const containers = new Map<string, FakeContainer>();
  const calls: string[] = [];
  const failures: FakeFailures = {};
  let nextPid = firstPid;
  const cgroups = createFakeCgroups((path) => {
    for (const { spec, processes } of containers.values()) {
      if (spec.linux?.cgroupsPath !== path) continue;
      for (const process of processes) process.end({ signal: 9 });
    }
  });

  async function begin(operation: keyof FakeFailures, id: string): Promise<void> {
    calls.push(`${operation} ${id}`);
    await runtime.gate(`${operation} ${id}`);
    const failure = failures[operation];
    failures[operation] = undefined;
    if (failure !== undefined) throw failure;
  }

  function programOf(process: OciProcess): FakeProgram {
    const word = process.args?.[0] ?? '';
    if (word === '/etc') throw new AgentError('program_not_executable', 'open executable: Permission denied');
    const program = programs.get(word);
    if (program === undefined) {
      throw new AgentError(
        'program_not_found',
        `executable file \`${word}\` not found in $PATH: No such file or directory`,
      );
    }
    return program;
  }

  function spawn(process: OciProcess): FakeProcess {
    nextPid += 1;
    return new FakeProcess(nextPid, process.args ?? [], process.terminal === true);
  }

  function run(process: FakeProcess, program: FakeProgram): void {
    void Promise.resolve(program(process)).catch(() => process.end({ exitCode: 1 }));
  }

  function find(id: string): FakeContainer {
    const container = containers.get(id);
    if (container === undefined)
      throw new AgentError('runtime_failed', `fake: container ${id} does not exist`);
    return container;
  }

  const runtime: FakeRuntime = {
    name: 'fake',
    containers,
    calls,
    failures,
    hasSeccomp: true,
    gate: () => Promise.resolve(),
    cgroups,
    async create({ containerId, bundleDir, signal }) {
      await begin('create', containerId);
      signal.throwIfAborted();
      if (containers.has(containerId)) throw new AgentError('runtime_failed', `fake: ${containerId} exists`);
      const spec = parseOciSpec(await readFile(join(bundleDir, 'config.json'), 'utf8'));
      const process = spec.process ?? { cwd: '/' };
      programOf(process);
      const init = spawn(process);
      init.rootDir = spec.root?.path ?? '/';
      const container: FakeContainer = {
        id: containerId,
        spec,
        init,
        processes: [init],
        isStarted: false,
        updates: [],
      };
      containers.set(containerId, container);
      // The end of the first process of a pid namespace is the end of the others.
      void init.exited.then(() => {
        for (const other of container.processes) other.end({ signal: 9 });
      });
      return init;
    },
    async start(containerId) {
      await begin('start', containerId);
      const container = find(containerId);
      if (container.isStarted || container.init.hasEnded) {
        throw new AgentError('runtime_failed', `fake: container ${containerId} cannot be started`);
      }
      container.isStarted = true;
      run(container.init, programOf(container.spec.process ?? { cwd: '/' }));
    },
    async exec({ containerId, process: requested, signal }) {
      await begin('exec', containerId);
      signal.throwIfAborted();
      const container = find(containerId);
      const program = programOf(requested);
      const process = spawn(requested);
      process.rootDir = container.init.rootDir;
      container.processes.push(process);
      run(process, program);
      return process;
    },
    async update(containerId, resources) {
      await begin('update', containerId);
      find(containerId).updates.push(resources);
    },
    async delete(containerId) {
      await begin('delete', containerId);
      const container = containers.get(containerId);
      for (const process of container?.processes ?? []) process.end({ signal: 9 });
      containers.delete(containerId);
    },
    features: () => Promise.resolve({ seccomp: runtime.hasSeccomp }),
  };
  return runtime;
}
