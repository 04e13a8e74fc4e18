// SPDX-License-Identifier: Apache-2.0
import { copyFile } from '../files/copy-file.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Writes a piece of a file, a directory or a link below the shared directory. */
export const copyFileRpc: HandlerFactory<'copyFile'> =
  ({ components }) =>
  async (request) => {
    await copyFile(components.system, components.paths.sharedDir, request);
    return {};
  };
