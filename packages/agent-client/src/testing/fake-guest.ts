// SPDX-License-Identifier: Apache-2.0
import type { AgentServiceImplementation } from '@hako/protocols/agent';
import type { Process } from '@hako/protocols/oci';
import { ServerError, Status } from 'nice-grpc-common';
import { settledOrAborted } from './byte-channel.ts';
import { FakeProcess } from './fake-process.ts';

/** What a process of the fake does. Its result is the exit status; without one the process runs until it is ended. */
export type FakeProgram = (process: FakeProcess) => number | undefined | Promise<number | undefined>;

type Answer<Method> = Method extends (request: infer Request, context: infer Context) => Promise<infer Reply>
  ? (request: Request, context: Context) => Reply | Promise<Reply>
  : never;

/** The agent's methods, answering at once or later. */
type FakeMethods = {
  readonly [Name in keyof AgentServiceImplementation]?: Answer<AgentServiceImplementation[Name]>;
};

interface FakeContainer {
  readonly init: FakeProcess;
  readonly processes: Map<string, FakeProcess>;
  started: boolean;
}

const sigkill = 9;

function internal(text: string): ServerError {
  return new ServerError(Status.INTERNAL, text);
}

/** The state behind the fake agent: containers and processes, with the error statuses of upstream's agent. */
export class FakeGuest {
  readonly #program: FakeProgram;
  readonly #containers = new Map<string, FakeContainer>();

  constructor(program: FakeProgram) {
    this.#program = program;
  }

  /** Ids of the containers that exist. */
  get containerIds(): readonly string[] {
    return [...this.#containers.keys()];
  }

  /** A process, for a test to act on; the empty exec id is the container's first process. */
  process(containerId: string, execId = ''): FakeProcess {
    const container = this.#containers.get(containerId);
    if (container === undefined) throw new ServerError(Status.INVALID_ARGUMENT, 'Invalid container id');
    const process = container.processes.get(execId === '' ? containerId : execId);
    if (process === undefined) throw new ServerError(Status.NOT_FOUND, 'Invalid exec id');
    return process;
  }

  /** Ends every process, as a virtual machine does that goes away. */
  destroy(): void {
    for (const id of this.containerIds) this.#remove(id);
  }

  /** The methods that this state can answer. */
  readonly methods: FakeMethods = {
    createSandbox: () => ({}),
    destroySandbox: () => {
      this.destroy();
      return {};
    },
    createContainer: ({ containerId, OCI: spec }) => {
      if (spec === undefined) throw internal('EINVAL: Invalid argument');
      if (this.#containers.has(containerId)) throw internal(`container ${containerId} exists`);
      const init = new FakeProcess(containerId, containerId, spec.Process);
      this.#containers.set(containerId, { init, processes: new Map([[containerId, init]]), started: false });
      return {};
    },
    startContainer: ({ containerId }) => {
      const container = this.#container(containerId);
      if (container.started) throw internal(`container ${containerId} was started`);
      container.started = true;
      this.#run(container.init);
      return {};
    },
    removeContainer: ({ containerId }) => {
      this.#container(containerId);
      this.#remove(containerId);
      return {};
    },
    execProcess: ({ containerId, execId, process }) => {
      const { processes } = this.#container(containerId);
      if (process === undefined || processes.has(execId)) throw internal(`exec ${execId} cannot be started`);
      processes.set(execId, this.#started(containerId, execId, process));
      return {};
    },
    signalProcess: ({ containerId, execId, signal }) => {
      if (execId === '' && signal === sigkill) {
        for (const process of this.#container(containerId).processes.values()) process.receive(signal);
      } else {
        this.process(containerId, execId).receive(signal);
      }
      return {};
    },
    waitProcess: async ({ containerId, execId }, { signal }) => {
      const process = this.process(containerId, execId);
      const status = await settledOrAborted(process.exited, signal);
      this.#containers.get(containerId)?.processes.delete(process.execId);
      return { status };
    },
    writeStdin: ({ containerId, execId, data }) => {
      this.process(containerId, execId).receiveInput(data);
      return { len: data.length };
    },
    closeStdin: ({ containerId, execId }) => {
      this.process(containerId, execId).receiveInput(new Uint8Array(0));
      return {};
    },
    readStdout: async ({ containerId, execId, len }, { signal }) => ({
      data: await this.process(containerId, execId).readOutput('stdout', len, signal),
    }),
    readStderr: async ({ containerId, execId, len }, { signal }) => ({
      data: await this.process(containerId, execId).readOutput('stderr', len, signal),
    }),
    ttyWinResize: ({ containerId, execId, row, column }) => {
      this.process(containerId, execId).size = { row, column };
      return {};
    },
    statsContainer: ({ containerId }) => {
      this.process(containerId);
      return {};
    },
    getGuestDetails: () => ({ agentDetails: { version: 'fake' } }),
    setGuestDateTime: () => ({}),
    reseedRandomDev: () => ({}),
    copyFile: () => ({}),
    removeStaleVirtiofsShareMounts: () => ({}),
  };

  #container(containerId: string): FakeContainer {
    const container = this.#containers.get(containerId);
    if (container === undefined) throw internal('Invalid container id');
    return container;
  }

  #remove(containerId: string): void {
    for (const process of this.#containers.get(containerId)?.processes.values() ?? [])
      process.receive(sigkill);
    this.#containers.delete(containerId);
  }

  #started(containerId: string, execId: string, spec: Process): FakeProcess {
    const process = new FakeProcess(containerId, execId, spec);
    this.#run(process);
    return process;
  }

  #run(process: FakeProcess): void {
    void this.#outcome(process).then(
      (status) => {
        if (status !== undefined) process.exit(status);
      },
      (error: unknown) => {
        process.writeStderr(String(error));
        process.exit(255);
      },
    );
  }

  async #outcome(process: FakeProcess): Promise<number | undefined> {
    return await this.#program(process);
  }
}
