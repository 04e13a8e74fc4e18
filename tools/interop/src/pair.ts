// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DriverProcess } from './driver-process.ts';
import type { Program } from './programs/program.ts';
import { ServerProcess } from './server-process.ts';

/** A server and a driver that dials it, two processes and a socket between them. */
export class Pair implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly driver: DriverProcess;
  readonly #folder: string;

  private constructor(server: ServerProcess, driver: DriverProcess, folder: string) {
    this.server = server;
    this.driver = driver;
    this.#folder = folder;
  }

  /** Starts both programs; resolves once the server listens. */
  static async start(client: Program, server: Program): Promise<Pair> {
    const folder = await mkdtemp(join(tmpdir(), 'hako-interop-'));
    const socketPath = join(folder, 'socket');
    return new Pair(
      await ServerProcess.start(server, socketPath),
      new DriverProcess(client, socketPath),
      folder,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }
}
