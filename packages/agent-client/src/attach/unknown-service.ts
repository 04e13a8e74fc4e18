// SPDX-License-Identifier: Apache-2.0
import { ProcessIODefinition } from '@hako/protocols/process-io';
import { ClientError, Status } from 'nice-grpc-common';
import { AgentClientError } from '../agent-client-error.ts';

/**
 * Whether an agent says that it has no `hako.agent.v1.ProcessIO`: with UNIMPLEMENTED, or as Kata's agent does with
 * INVALID_ARGUMENT and the text `<service> service does not exist`.
 */
export function isUnknownService(error: unknown): boolean {
  if (error instanceof AgentClientError) return isUnknownService(error.cause);
  if (!(error instanceof ClientError)) return false;
  if (error.code === Status.UNIMPLEMENTED) return true;
  return error.code === Status.INVALID_ARGUMENT && error.details.includes(ProcessIODefinition.fullName);
}

/** What such an agent would answer. */
export function unknownService(): ClientError {
  return new ClientError(`/${ProcessIODefinition.fullName}/Attach`, Status.UNIMPLEMENTED, 'is not known');
}
