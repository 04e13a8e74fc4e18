// SPDX-License-Identifier: Apache-2.0
import { readOutput } from './read-output.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** One read of standard error, or of the terminal; no data means end of output. */
export const readStderr: HandlerFactory<'readStderr'> = (context) => (request, call) =>
  readOutput(context, 'stderr', request, call);
