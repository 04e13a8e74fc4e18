// SPDX-License-Identifier: Apache-2.0
import type { OciProcess, OciUser } from '@hako/protocols';

import type { Lifeline } from '../lifeline.ts';
import type { ContainerAgent } from '../process/guest-agent.ts';
import { RemoteProcess, type GuestProcess } from '../process/guest-process.ts';
import { SandboxError } from '../sandbox-error.ts';
import { mergeEnvironment } from '../spec/container-spec.ts';
import { numericId } from '../spec/numeric-id.ts';
import { randomId, validateEnvironment, type ExecOptions } from './container-options.ts';
import { explainLaunchFailure } from './launch-failure.ts';

/** What a further process of a container takes over from its first one. */
export interface ProcessDefaults {
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: OciUser;
  /** Limits by their OCI type; numbers as text, for some are larger than JSON's. */
  readonly rlimits?: readonly { readonly type: string; readonly soft: string; readonly hard: string }[];
  readonly noNewPrivileges?: boolean;
}

/**
 * What further processes of a container take over from its first one.
 * @param process that of its specification
 */
export function processDefaults(process: Partial<OciProcess> = {}): ProcessDefaults {
  const { env = [], cwd = '/', user = { uid: 0, gid: 0 }, rlimits = [], noNewPrivileges = false } = process;
  return {
    ...{ env, cwd, user, noNewPrivileges },
    rlimits: rlimits.map(({ type, soft, hard }) => ({ type, soft: String(soft), hard: String(hard) })),
  };
}

/** Where to start a process. */
export interface ExecTarget {
  readonly containerId: string;
  readonly defaults: ProcessDefaults;
  readonly agent: ContainerAgent;
  readonly lifeline: Lifeline;
}

/**
 * Starts one more process in a container.
 * Errors: `invalid_options`, `command_not_found`, `command_not_executable`, `agent_failed`, `vm_exited`, `aborted`.
 * @param target the container
 * @param options the process
 */
export async function execProcess(target: ExecTarget, options: ExecOptions): Promise<GuestProcess> {
  const { agent, containerId, defaults, lifeline } = target;
  const { command, cwd = defaults.cwd, env = [], terminal = false } = options;
  if (command.length === 0) throw new SandboxError('invalid_options', 'no command to execute');
  validateEnvironment(env);
  const user = options.user === undefined ? defaults.user : numericUser(options.user);
  const id = { containerId, execId: randomId() };
  await lifeline
    .call('start of the process', options.signal, (signal) =>
      agent.execProcess(
        {
          ...id,
          process: {
            Terminal: terminal,
            User: { UID: user.uid, GID: user.gid, AdditionalGids: user.additionalGids ?? [] },
            Args: [...command],
            Env: mergeEnvironment(defaults.env, terminal ? ['TERM=xterm'] : [], env),
            Cwd: cwd,
            Rlimits: (defaults.rlimits ?? []).map(({ type, soft, hard }) => ({
              Type: type,
              Soft: BigInt(soft),
              Hard: BigInt(hard),
            })),
            NoNewPrivileges: defaults.noNewPrivileges ?? false,
          },
        },
        { signal },
      ),
    )
    .catch((error: unknown) => {
      throw explainLaunchFailure(error, command);
    });
  const process = new RemoteProcess({ id, terminal, agent, lifeline });
  process.watch();
  if ((options.stdin ?? 'closed') === 'closed' && !terminal) process.stdin.end();
  return process;
}

/** Upstream sends numbers only for a further process; names would have to be looked up in an image that is not at hand. */
function numericUser(text: string): OciUser {
  const [userText = '', groupText = '0', ...surplus] = text.split(':');
  const [uid, gid] = [numericId(userText), numericId(groupText)];
  if (uid !== undefined && gid !== undefined && surplus.length === 0) return { uid, gid };
  throw new SandboxError('invalid_options', `user ${JSON.stringify(text)} is not UID or UID:GID`, {
    remedy: 'use numbers',
  });
}
