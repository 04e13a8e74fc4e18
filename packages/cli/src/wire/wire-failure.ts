// SPDX-License-Identifier: Apache-2.0
import { TtrpcError } from '@hako/ttrpc';

import { UsageError } from '../usage-error.ts';

/** Says what a recording or an address that cannot be used means to a person; other errors are returned as they are. */
export function wireFailure(error: unknown): unknown {
  if (error instanceof TtrpcError) return new UsageError(error.message, remedyOf(error));
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return new UsageError(error.message, 'name the file of a recording');
  }
  return error;
}

function remedyOf(error: TtrpcError): string {
  if (error.code === 'malformed_message') return 'make a recording with createRecorder of @hako/ttrpc';
  return 'give the address of a running agent, such as unix:///run/hako/NAME/agent.sock';
}
