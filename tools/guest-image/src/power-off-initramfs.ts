// SPDX-License-Identifier: Apache-2.0
import { encodeCpio } from './cpio-archive.ts';
import { compileSyscallProgram } from './syscall-program.ts';

/** Arguments of reboot(2): two magic numbers and LINUX_REBOOT_CMD_POWER_OFF. */
const powerOff = [0xfee1dead, 0x28121969, 0x4321fedc, 0] as const;

/**
 * Builds an initramfs whose init powers the machine off at once: the shortest life a kernel can have, which boots are
 * measured against.
 */
export function buildPowerOffInitramfs(): Buffer {
  const init = compileSyscallProgram([{ call: 'reboot', arguments: powerOff }]);
  return encodeCpio([{ kind: 'file', path: 'init', mode: 0o755, content: init }]);
}
