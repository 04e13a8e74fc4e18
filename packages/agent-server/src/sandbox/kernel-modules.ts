// SPDX-License-Identifier: Apache-2.0
import type { KernelModule } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import { modprobe, modprobePath } from '../system/modprobe.ts';
import type { ProgramRunner } from '../system/program-runner.ts';

function check({ name, parameters }: KernelModule): void {
  if (name === '') throw new AgentError('invalid_request', 'a kernel module has no name');
  // An option in place of a name or a parameter would change what modprobe does.
  const option = [name, ...parameters].find((word) => word.startsWith('-'));
  if (option === undefined) return;
  const problem = `kernel module ${JSON.stringify(name)} has the option ${JSON.stringify(option)}`;
  throw new AgentError('invalid_request', problem, { operand: name });
}

async function load(
  { name, parameters }: KernelModule,
  runProgram: ProgramRunner,
  abort: AbortSignal,
): Promise<void> {
  const args = ['-v', name, ...parameters];
  const { exitCode, signal, stdout, stderr } = await modprobe(runProgram, args, abort);
  if (exitCode === 0) return;
  const said = `stdout: ${JSON.stringify(stdout)}, stderr: ${JSON.stringify(stderr)}`;
  const problem = `${modprobePath} ${name} ended with ${signal ?? String(exitCode)}, ${said}`;
  throw new AgentError('helper_failed', problem, { operand: name });
}

/**
 * Loads kernel modules in their order; those before one that fails stay loaded.
 *
 * @param signal - kills modprobe
 * @throws AgentError `invalid_request` for a module without a name and for options of modprobe, before any is loaded;
 *   `helper_failed` with what modprobe said
 */
export async function loadKernelModules(
  modules: readonly KernelModule[],
  runProgram: ProgramRunner,
  signal: AbortSignal,
): Promise<void> {
  for (const module of modules) check(module);
  for (const module of modules) await load(module, runProgram, signal);
}
