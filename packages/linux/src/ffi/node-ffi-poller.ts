// SPDX-License-Identifier: Apache-2.0
import { errnoName, LinuxError } from '../linux-error.ts';
import type { NodeFfi } from './node-ffi.ts';
import { createPollHandle, type NativePoll, type Poller } from './poller.ts';

const uvPollHandle = 8; // UV_POLL in uv_handle_type
const uvEvents = { readable: 1, writable: 2 } as const;

/**
 * libuv's own `uv_poll_t`, called in the node binary itself, which exports libuv for native addons. Chosen over a Pipe
 * handle (reads ahead of the caller and owns the descriptor) and over a thread in `epoll_wait` (an isolate of its own, a
 * hop per event): readiness only, so that a slow reader leaves the bytes in the kernel.
 */
export function createNodeFfiPoller(ffi: NodeFfi): Poller {
  const { lib, functions: uv } = ffi.dlopen(null, {
    uv_handle_size: { arguments: ['i32'], return: 'u64' },
    uv_poll_init: { arguments: ['pointer', 'pointer', 'i32'], return: 'i32' },
    uv_poll_start: { arguments: ['pointer', 'i32', 'pointer'], return: 'i32' },
    uv_poll_stop: { arguments: ['pointer'], return: 'i32' },
    uv_close: { arguments: ['pointer', 'pointer'], return: 'void' },
  });
  const loop = ffi.getCurrentEventLoop();
  const handleBytes = Number(uv.uv_handle_size(uvPollHandle));
  const listeners = new Map<bigint, () => void>();
  const callback = lib.registerCallback(
    { arguments: ['pointer', 'i32', 'i32'], return: 'void' },
    (handle) => {
      if (typeof handle === 'bigint') listeners.get(handle)?.();
    },
  );

  const check = (syscall: string, fd: number, status: number): void => {
    if (status === 0) return;
    throw new LinuxError({ code: errnoName(-status), errno: -status, syscall, operand: `fd ${fd}` });
  };

  const openNative = (fd: number): NativePoll => {
    const memory = new ArrayBuffer(handleBytes);
    const handle = ffi.getRawPointer(memory);
    check('uv_poll_init', fd, uv.uv_poll_init(loop, handle, fd));
    return {
      arm(readiness, onEvent) {
        listeners.set(handle, onEvent);
        check('uv_poll_start', fd, uv.uv_poll_start(handle, uvEvents[readiness], callback));
      },
      disarm() {
        listeners.delete(handle);
        uv.uv_poll_stop(handle);
      },
      close() {
        listeners.delete(handle);
        uv.uv_close(handle, 0n);
        keepForOneIteration(memory);
      },
    };
  };
  return { open: (fd) => createPollHandle(openNative(fd)) };
}

/** libuv lets go of a closing handle after the immediates of the current iteration: hold its memory until the next. */
function keepForOneIteration(memory: ArrayBuffer): void {
  setImmediate(() => setImmediate((kept: ArrayBuffer) => kept.byteLength, memory));
}
