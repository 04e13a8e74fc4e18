// SPDX-License-Identifier: Apache-2.0
import { optionList } from './option-list.ts';

/** A character device of QEMU that listens at a unix socket, takes one connection at a time and waits for none. */
export function listeningSocket(id: string, path: string): string {
  return optionList('socket', { id, path, server: 'on', wait: 'off' });
}
