// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial } from '@hako/protocols/agent';
import type { Process } from '@hako/protocols/oci';
import { AgentClientError } from '../agent-client-error.ts';

/** A process as the host knows it. */
export interface AgentProcess {
  /** Its exec id on the wire: the container's id for the first process, a UUID for others. */
  readonly token: string;
  /** Its process id is the guest's affair. */
  readonly pid: -1;
  readonly startTime: Date;
}

/** A program to run beside the first one of a container. */
export interface AgentCommand {
  readonly args: readonly string[];
  /** `NAME=VALUE` each. */
  readonly env?: readonly string[];
  readonly cwd?: string;
  /** `UID` or `UID:GID`, in digits. Default: the superuser. */
  readonly user?: string;
  /** In digits; goes before the group of `user`. */
  readonly primaryGroup?: string;
  /** In digits. */
  readonly supplementaryGroups?: readonly string[];
  readonly terminal?: boolean;
}

const maxId = 0xffff_ffff;

function numericId(text: string, what: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= maxId) return Number(text);
  throw new AgentClientError(
    'invalid_request',
    `${what} is not a number of 32 bits: ${JSON.stringify(text)}`,
  );
}

/**
 * The wire form of a command. Capabilities, limits and labels are not sent: the agent takes those of the container.
 *
 * @throws AgentClientError `invalid_request` for a user or group that is no number.
 */
export function processOfCommand(command: AgentCommand): DeepPartial<Process> {
  const [uid = '', gid = '0', ...rest] = (
    command.user === undefined || command.user === '' ? '0' : command.user
  ).split(':');
  if (rest.length > 0) {
    throw new AgentClientError(
      'invalid_request',
      `user is not UID or UID:GID: ${JSON.stringify(command.user)}`,
    );
  }
  const { primaryGroup = '' } = command;
  return {
    Terminal: command.terminal ?? false,
    User: {
      UID: numericId(uid, 'user'),
      GID: numericId(primaryGroup === '' ? gid : primaryGroup, 'group'),
      AdditionalGids: (command.supplementaryGroups ?? []).map((group) =>
        numericId(group, 'supplementary group'),
      ),
    },
    Args: [...command.args],
    Env: [...(command.env ?? [])],
    Cwd: command.cwd ?? '',
  };
}
