// SPDX-License-Identifier: Apache-2.0
import { compileSyscallProgram } from './syscall-program.ts';
import type { SyscallStep } from './syscall-program.ts';

/** Flags of mount(2). */
const mountFlag = { readOnly: 1, move: 8192 } as const;

/** Where the initramfs mounts the root image before it becomes `/`. */
const newRoot = '/root';

/** The virtio disk may appear some time after its driver was loaded: a second's worth of tries. */
const rootDeviceAttempts = 1000;

/**
 * Compiles `/init` of the initramfs: loads the modules, mounts the read-only root image from the first virtio disk and
 * hands over to its `/sbin/init`. A step that fails ends in a kernel panic whose exit code is 256 × the step's number.
 *
 * @param modules - Contents of the modules, in order.
 * @param rootFileSystem - File system of the root image.
 */
export function compileInitramfsInit(modules: readonly Buffer[], rootFileSystem: string): Buffer {
  const load = modules.map((module): SyscallStep => ({
    call: 'init_module',
    arguments: [module, module.length, ''],
  }));
  return compileSyscallProgram([
    { call: 'mount', arguments: ['dev', '/dev', 'devtmpfs', 0, ''] },
    ...load,
    {
      call: 'mount',
      arguments: ['/dev/vda', newRoot, rootFileSystem, mountFlag.readOnly, ''],
      attempts: rootDeviceAttempts,
    },
    { call: 'mount', arguments: ['/dev', `${newRoot}/dev`, 0, mountFlag.move, 0] },
    { call: 'chdir', arguments: [newRoot] },
    { call: 'mount', arguments: ['.', '/', 0, mountFlag.move, 0] },
    { call: 'chroot', arguments: ['.'] },
    { call: 'execve', arguments: ['/sbin/init', ['/sbin/init'], []] },
  ]);
}

/** Compiles `/sbin/init` of the root image: it becomes Node with the agent. */
export function compileAgentInit(nodeArguments: readonly string[], environment: readonly string[]): Buffer {
  return compileSyscallProgram([
    { call: 'execve', arguments: ['/usr/bin/node', ['/usr/bin/node', ...nodeArguments], environment] },
  ]);
}
