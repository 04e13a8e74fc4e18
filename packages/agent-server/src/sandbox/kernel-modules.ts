// SPDX-License-Identifier: Apache-2.0
import type { KernelModule } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import type { ProgramRunner } from '../system/program-runner.ts';

const modprobe = '/sbin/modprobe';

/**
 * Loads kernel modules in their order.
 *
 * @throws AgentError `invalid_request` for a module without a name; `helper_failed` with what modprobe said
 */
export async function loadKernelModules(
  modules: readonly KernelModule[],
  runProgram: ProgramRunner,
): Promise<void> {
  for (const { name, parameters } of modules) {
    if (name === '') throw new AgentError('invalid_request', 'a kernel module has no name');
    // An option in place of a name would change what modprobe does.
    if (name.startsWith('-'))
      throw new AgentError('invalid_request', `kernel module ${JSON.stringify(name)} is no name`);
    const { exitCode, signal, stdout, stderr } = await runProgram({
      file: modprobe,
      args: ['-v', name, ...parameters],
    });
    if (exitCode === 0) continue;
    const said = `stdout: ${JSON.stringify(stdout)}, stderr: ${JSON.stringify(stderr)}`;
    throw new AgentError(
      'helper_failed',
      `${modprobe} ${name} ended with ${signal ?? String(exitCode)}, ${said}`,
      {
        operand: name,
      },
    );
  }
}
