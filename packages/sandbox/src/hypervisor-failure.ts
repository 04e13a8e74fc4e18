// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type HypervisorErrorCode, type VmExit } from '@hako/hypervisor';

import { describeError, SandboxError, type SandboxErrorCode } from './sandbox-error.ts';

const codes: Readonly<Record<HypervisorErrorCode, SandboxErrorCode>> = {
  invalid_config: 'invalid_options',
  invalid_state: 'invalid_state',
  vmm_missing: 'tool_missing',
  accelerator_unusable: 'boot_failed',
  vmm_exited: 'boot_failed',
  guest_panicked: 'boot_failed',
  agent_silent: 'boot_failed',
  monitor_failed: 'boot_failed',
  invalid_device: 'invalid_options',
  device_exists: 'invalid_state',
  device_missing: 'invalid_state',
  no_free_slot: 'invalid_options',
  guest_refused: 'agent_failed',
  snapshot_unusable: 'boot_failed',
  timeout: 'timeout',
  aborted: 'aborted',
  unsupported: 'boot_failed',
};

/**
 * Translates what a hypervisor driver throws; anything else is given back.
 * @param error a caught value
 */
export function fromHypervisorFailure(error: unknown): unknown {
  if (!HypervisorError.is(error)) return error;
  const { message, remedy, consoleTail, stderrTail, exit } = error;
  const tail = [stderrTail ?? exit?.stderrTail, consoleTail ?? exit?.consoleTail].filter(
    (text) => text !== undefined && text !== '',
  );
  return new SandboxError(codes[error.code], message, {
    cause: error,
    ...(remedy === undefined ? {} : { remedy }),
    ...(tail.length === 0 ? {} : { tail: tail.join('\n') }),
  });
}

/**
 * The error for a virtual machine that ended while it was in use.
 * @param exit how it ended
 */
export function unexpectedExit(exit: VmExit): SandboxError {
  return new SandboxError('vm_exited', `the virtual machine ended unexpectedly: ${reasonOf(exit)}`, {
    tail: [exit.stderrTail, exit.consoleTail].filter((text) => text !== '').join('\n'),
    remedy: 'run the command again; `hako doctor` checks this machine',
  });
}

function reasonOf(exit: VmExit): string {
  switch (exit.reason) {
    case 'guest_panicked':
      return exit.memoryDumpPath === undefined
        ? 'the guest kernel panicked'
        : `the guest kernel panicked; its memory is in ${exit.memoryDumpPath}`;
    case 'guest_shutdown':
      return 'the guest powered itself off';
    case 'guest_reset':
      return 'the guest rebooted';
    case 'stopped':
    case 'never_started':
    case 'released':
      return 'it was stopped';
    case 'vmm_exited':
      return exit.signal === null
        ? `the hypervisor ended with exit code ${String(exit.exitCode)}`
        : `the hypervisor was ended by ${exit.signal}`;
  }
}

/**
 * Explains why a guest did not come up.
 * @param error what was thrown
 */
export function bootFailure(error: unknown): SandboxError {
  const known = fromHypervisorFailure(error);
  return known instanceof SandboxError
    ? known
    : new SandboxError('boot_failed', describeError(known), { cause: known });
}
