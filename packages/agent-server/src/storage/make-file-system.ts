// SPDX-License-Identifier: Apache-2.0
import type { Storage } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import type { StorageContext } from './storage-driver.ts';

const createOption = 'create_filesystem';
const encryptionOption = 'encryption_key=ephemeral';
/** Large disks take long; a host that waits gives up before. */
const timeoutMs = 60_000;
/** Small and without journal, because it does not outlive the sandbox. As upstream. */
const ext4Options = ['-F', '-O', '^has_journal', '-m', '0', '-i', '163840', '-I', '128'];

/**
 * Formats a disk when its driver options ask for it.
 *
 * @throws AgentError `storage_failed` for anything but ext4 and for encryption, which takes a confidential data hub;
 * `helper_failed` with what mkfs said
 */
export async function makeFileSystem(
  { driverOptions, fstype }: Storage,
  device: string,
  { runProgram, signal }: Pick<StorageContext, 'runProgram' | 'signal'>,
): Promise<void> {
  if (driverOptions.includes(encryptionOption)) {
    throw new AgentError('storage_failed', `this agent cannot encrypt ${device}`, { operand: device });
  }
  if (!driverOptions.includes(createOption)) return;
  if (fstype !== 'ext4') {
    throw new AgentError('storage_failed', `${createOption} makes ext4 only, not ${JSON.stringify(fstype)}`);
  }
  const result = await runProgram({ file: 'mkfs.ext4', args: [...ext4Options, device], timeoutMs, signal });
  if (result.exitCode === 0) return;
  const end = result.timedOut ? 'took too long' : `ended with ${result.signal ?? String(result.exitCode)}`;
  throw new AgentError('helper_failed', `mkfs.ext4 of ${device} ${end}: ${result.stderr.trim()}`, {
    operand: device,
  });
}
