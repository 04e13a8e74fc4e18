// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../find-program.ts';
import { connectSocket } from '../process/connect-socket.ts';
import { QmpClient } from '../qmp/qmp-client.ts';

/** A QEMU that has one more monitor, for tests to do what the driver does not. */
export interface SecondMonitor extends AsyncDisposable {
  /** Program to start instead of QEMU. */
  readonly qemuPath: string;
  /** Connects, once QEMU runs. */
  connect(): Promise<QmpClient>;
}

const connectTimeoutMs = 5_000;

/** Makes a {@link SecondMonitor} in a temporary directory, which disposing removes. */
export async function secondMonitor(): Promise<SecondMonitor> {
  const directory = await mkdtemp(join(tmpdir(), 'hako-qemu-'));
  const socketPath = join(directory, 'qmp.sock');
  const qemuPath = join(directory, 'qemu');
  const qemu = await findProgram('qemu-system-x86_64');
  const script = `#!/bin/sh\nexec ${qemu} "$@" -qmp unix:${socketPath},server=on,wait=off\n`;
  await writeFile(qemuPath, script, { mode: 0o755 });
  return {
    qemuPath,
    connect: async () =>
      await QmpClient.connect(await connectSocket(socketPath, AbortSignal.timeout(connectTimeoutMs))),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}
