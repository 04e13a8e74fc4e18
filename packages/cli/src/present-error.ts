// SPDX-License-Identifier: Apache-2.0
import { SandboxError, type SandboxErrorCode } from '@hako/sandbox';
import { CommanderError } from 'commander';

import { UsageError } from './usage-error.ts';
import { escapeText } from './escape-text.ts';
import { exitCodes } from './exit-codes.ts';

/** An error as the program shows it. */
export interface PresentedError {
  /** One line without its line break; `undefined` when there is nothing left to say. */
  readonly line: string | undefined;
  readonly exitCode: number;
}

/** Errors whose last words of console or tool help to understand them. */
const tailHelps: ReadonlySet<SandboxErrorCode> = new Set(['boot_failed', 'share_failed']);

/** SIGINT: what an abort means unless the signal is known. */
const interrupted = exitCodes.signalBase + 2;

/**
 * Says what an error means to a person: one line that names the thing and the remedy, and the exit code.
 * @param error whatever was thrown
 */
export function presentError(error: unknown): PresentedError {
  if (error instanceof SandboxError) {
    return { line: sandboxLine(error), exitCode: exitCodeOf(error.code) };
  }
  if (error instanceof UsageError)
    return { line: line(error.message, error.remedy), exitCode: exitCodes.failure };
  if (error instanceof CommanderError) return presentCommander(error);
  const message = error instanceof Error ? error.message : String(error);
  return { line: line(`unexpected failure: ${message}`, 'report it'), exitCode: exitCodes.failure };
}

function exitCodeOf(code: SandboxErrorCode): number {
  switch (code) {
    case 'command_not_found':
      return exitCodes.notFound;
    case 'command_not_executable':
      return exitCodes.notExecutable;
    case 'aborted':
      return interrupted;
    case 'invalid_options':
    case 'invalid_image':
    case 'invalid_state':
    case 'name_in_use':
    case 'sandbox_not_found':
    case 'container_not_found':
    case 'port_in_use':
    case 'network_failed':
    case 'socket_path_too_long':
    case 'permission_denied':
    case 'assets_missing':
    case 'tool_missing':
    case 'tool_failed':
    case 'device_failed':
    case 'hook_failed':
    case 'share_failed':
    case 'boot_failed':
    case 'vm_exited':
    case 'vm_unresponsive':
    case 'agent_unresponsive':
    case 'agent_failed':
    case 'timeout':
      return exitCodes.failure;
  }
}

function sandboxLine(error: SandboxError): string | undefined {
  if (error.code === 'aborted') return undefined;
  const lastWords = tailHelps.has(error.code) ? error.tail?.trim().split('\n').at(-1) : undefined;
  const isNews = lastWords !== undefined && lastWords !== '' && !error.message.includes(lastWords);
  return line(isNews ? `${error.message}: ${lastWords}` : error.message, error.remedy);
}

/** Commander has printed help and errors of its own already, except that it words errors for several lines. */
function presentCommander(error: CommanderError): PresentedError {
  if (error.exitCode === 0) return { line: undefined, exitCode: 0 };
  if (error.code === 'commander.help') return { line: undefined, exitCode: exitCodes.failure };
  return {
    line: line(error.message.replace(/^error: /, ''), 'see `hako --help`'),
    exitCode: exitCodes.failure,
  };
}

function line(message: string, remedy: string | undefined): string {
  const text = remedy === undefined ? message : `${message}; ${remedy}`;
  return `hako: ${escapeText(text)}`;
}
