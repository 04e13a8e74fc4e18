// SPDX-License-Identifier: Apache-2.0
import type { Koffi } from './koffi.ts';
import { createPollHandle, type NativePoll, type Poller } from './poller.ts';

/** koffi's wrapper of the same `uv_poll_t` that the `node:ffi` backend calls by itself. */
export function createKoffiPoller(koffi: Koffi): Poller {
  const openNative = (fd: number): NativePoll => {
    let onEvent: (() => void) | undefined;
    const dispatch = (): void => onEvent?.();
    const handle = koffi.node.poll(fd, { readable: true }, dispatch);
    handle.stop();
    return {
      arm(readiness, listener) {
        onEvent = listener;
        handle.start({ readable: readiness === 'readable', writable: readiness === 'writable' }, dispatch);
      },
      disarm() {
        onEvent = undefined;
        handle.stop();
      },
      close() {
        onEvent = undefined;
        handle.close();
      },
    };
  };
  return { open: (fd) => createPollHandle(openNative(fd)) };
}
