// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import { join } from 'node:path';

import {
  SandboxDisksServiceDefinition,
  type SandboxDisksServiceImplementation,
} from '@hako/protocols/sandbox-disks';
import { createChannel, createClient } from '@hako/ttrpc';

import { answerCaller, askOwner } from '../run/owner-call.ts';
import { serveAsOwner } from '../run/serve-as-owner.ts';
import { resizeDisk, type ResizingVm } from './resize-disk.ts';

/** Name of the socket in a run directory on which the owner of a machine with volumes answers. */
const socketName = 'disks.sock';

/**
 * Lets other processes of the same user have disks of a machine made larger.
 * @param vm the machine
 * @param directory run directory of the sandbox
 */
export async function serveDisks(vm: ResizingVm, directory: string): Promise<AsyncDisposable> {
  const service: SandboxDisksServiceImplementation = {
    resizeDisk: ({ path, sizeBytes }, { signal }) =>
      answerCaller(async () => {
        await resizeDisk(vm, path, Number(sizeBytes), signal);
        return {};
      }),
  };
  return await serveAsOwner(join(directory, socketName), (server) => {
    server.add(SandboxDisksServiceDefinition, service);
  });
}

/**
 * Asks the owner of a sandbox to make a disk larger. Errors: those of `resizeDisk`, `vm_exited` when the owner is gone.
 * @param directory run directory of the sandbox
 * @param path the disk
 * @param sizeBytes a multiple of 512
 * @param signal ends the wait
 */
export async function askForDisk(
  directory: string,
  path: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<void> {
  await using channel = createChannel(connect(join(directory, socketName)));
  const client = createClient(SandboxDisksServiceDefinition, channel);
  await askOwner(client.resizeDisk({ path, sizeBytes: BigInt(sizeBytes) }, { signal }));
}
