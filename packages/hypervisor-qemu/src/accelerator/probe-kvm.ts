// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HypervisorError, lastPrintableLine } from '@hako/hypervisor';
import { execa } from 'execa';
import { defaultCpuModel, type KvmVerdict } from './accelerator.ts';
import { buildProbeFirmware, probeExitPort, probeExitStatus } from './probe-firmware.ts';

/** A guest that runs at all is done in a tenth of a second. */
const defaultTimeoutMs = 2_500;

/** What {@link probeKvm} works on. */
export interface ProbeOptions {
  readonly qemuPath: string;
  /** Default `/dev/kvm`. */
  readonly kvmDevice?: string;
  /** Upper bound of the whole probe. Default 2,500. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs a tiny guest under KVM with the CPU model of real VMs. A `/dev/kvm` that opens proves nothing: nested and
 * restricted hosts have one that aborts QEMU or never runs an instruction.
 *
 * @throws HypervisorError `aborted`
 */
export async function probeKvm({
  qemuPath,
  kvmDevice = '/dev/kvm',
  timeoutMs = defaultTimeoutMs,
  signal,
}: ProbeOptions): Promise<KvmVerdict> {
  if (process.arch !== 'x64')
    return { usable: false, reason: `there is no test guest for ${process.arch} hosts` };
  try {
    await access(kvmDevice, constants.R_OK | constants.W_OK);
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    return { usable: false, reason: `${kvmDevice} ${missing ? 'does not exist' : 'may not be opened'}` };
  }
  const directory = await mkdtemp(join(tmpdir(), 'hako-probe-'));
  try {
    return await runProbeGuest(qemuPath, join(directory, 'probe.bin'), timeoutMs, signal);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function runProbeGuest(
  qemuPath: string,
  image: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<KvmVerdict> {
  await writeFile(image, buildProbeFirmware(), { mode: 0o600 });
  const result = await execa(qemuPath, probeArguments(image), {
    reject: false,
    stdin: 'ignore',
    stdout: 'ignore',
    maxBuffer: 64 * 1024,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    ...(signal && { cancelSignal: signal }),
  });
  if (result.isCanceled) {
    throw new HypervisorError('aborted', 'probing kvm was aborted', {
      operand: 'kvm',
      cause: signal?.reason,
    });
  }
  if (result.timedOut) return { usable: false, reason: `a test guest did not finish within ${timeoutMs} ms` };
  if (result.exitCode === probeExitStatus) return { usable: true };
  const ending = result.signal ?? `status ${result.exitCode ?? 'unknown'}`;
  const said = firstComplaint(result.stderr);
  return { usable: false, reason: `a test guest ended QEMU with ${ending}${said === '' ? '' : `: ${said}`}` };
}

/** QEMU's first error line: what follows it, such as an assertion, names no cause. */
function firstComplaint(stderr: string): string {
  const line = stderr.split('\n').find((text) => !text.includes('warning:')) ?? '';
  return lastPrintableLine(line.replace(/^[^ ]*qemu[^ ]*: /, ''));
}

function probeArguments(image: string): string[] {
  return [
    ...['-machine', 'q35', '-accel', 'kvm', '-cpu', defaultCpuModel.kvm, '-m', '16'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-bios', image],
    ...['-device', `isa-debug-exit,iobase=${probeExitPort},iosize=1`],
  ];
}
