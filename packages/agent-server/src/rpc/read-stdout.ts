// SPDX-License-Identifier: Apache-2.0
import { readOutput } from './read-output.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** One read of standard output, or of the terminal; no data means end of output. */
export const readStdout: HandlerFactory<'readStdout'> = (context) => (request, call) =>
  readOutput(context, 'stdout', request, call);
