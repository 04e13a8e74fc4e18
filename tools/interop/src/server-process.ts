// SPDX-License-Identifier: Apache-2.0
import { LineProcess } from './line-process.ts';
import type { Program } from './programs/program.ts';

/** A program that serves on a unix socket. */
export class ServerProcess implements AsyncDisposable {
  readonly #process: LineProcess;
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #stopped = Promise.withResolvers<undefined>();

  private constructor(program: Program, socketPath: string) {
    this.#process = new LineProcess(program, ['serve', '--socket', socketPath], (line) => {
      if (line === 'ready') this.#ready.resolve(undefined);
      if (line === 'stopped') this.#stopped.resolve(undefined);
    });
    void this.#process.exited.then((how) => {
      this.#ready.reject(new Error(how));
      this.#stopped.reject(new Error(how));
    });
    // Nobody waits for the graceful stop of most servers.
    this.#stopped.promise.catch(() => undefined);
  }

  /** Starts the program; resolves once it listens. */
  static async start(program: Program, socketPath: string): Promise<ServerProcess> {
    const server = new ServerProcess(program, socketPath);
    await server.#ready.promise;
    return server;
  }

  /** Process id. */
  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error('the server was never started');
    return pid;
  }

  /** Lets the call that is held under a label return. */
  release(label: string): void {
    this.#process.write(`release ${label}`);
  }

  /** Tells the server to stop gracefully; resolves once it says it has. */
  async shutdown(): Promise<void> {
    this.#process.write('shutdown');
    await this.#stopped.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}
