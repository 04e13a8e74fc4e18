// SPDX-License-Identifier: Apache-2.0
import { access, constants } from 'node:fs/promises';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import type { ProgramResult, ProgramRunner } from '../system/program-runner.ts';

/** What the packet filter is worked with. */
export interface PacketFilterComponents {
  readonly runProgram: ProgramRunner;
  /** Directories in which its programs are looked for, before those of `PATH`. Default: `/usr/sbin`, `/sbin`. */
  readonly directories?: readonly string[];
}

/** How a call of the packet filter can be ended early. */
export interface PacketFilterCall {
  readonly isIpv6: boolean;
  readonly signal: AbortSignal;
}

const defaultDirectories = ['/usr/sbin', '/sbin'];
/** Rules that fit into one answer of the agent. */
const maxRulesBytes = 4 * 1024 * 1024 - 1024;
const readTimeoutMs = 30_000;
/** How long iptables-restore waits for the lock of the tables, in its own unit. */
const lockWaitSeconds = 5;
/** A program that has not taken its input by then never will. */
const inputTimeoutMs = 5000;
const writeTimeoutMs = 60_000;
/** Exit code of iptables for a table that somebody else was changing. Source: RESOURCE_PROBLEM of xtables.h. */
const resourceProblem = 4;
const maxAttempts = 3;

async function findProgram(name: string, directories: readonly string[]): Promise<string> {
  for (const directory of directories) {
    const path = `${directory}/${name}`;
    try {
      await access(path, constants.X_OK);
      return path;
    } catch (error) {
      if (errnoName(error) === undefined) throw error;
    }
  }
  return name;
}

/** The bytes a program wrote; its output was read byte by character. */
function bytesOf(output: string): Buffer {
  return Buffer.from(output, 'latin1');
}

function failure(name: string, { exitCode, signal, stderr, timedOut }: ProgramResult): AgentError {
  const problem = timedOut ? 'took too long' : `ended with ${signal ?? String(exitCode)}`;
  const text = bytesOf(stderr).toString('utf8').trim();
  return new AgentError(timedOut ? 'timed_out' : 'helper_failed', `${name} ${problem}: ${text}`, {
    operand: name,
  });
}

/**
 * Reads the rules in the form of iptables-save.
 *
 * @returns what the program wrote, whatever its exit code
 * @throws AgentError `helper_failed` when it cannot be run or there are more rules than fit into an answer, `timed_out`
 */
export async function readRules(
  { runProgram, directories = defaultDirectories }: PacketFilterComponents,
  { isIpv6, signal }: PacketFilterCall,
): Promise<Uint8Array> {
  const name = isIpv6 ? 'ip6tables-save' : 'iptables-save';
  const file = await findProgram(name, directories);
  const limits = { timeoutMs: readTimeoutMs, maxOutputBytes: maxRulesBytes + 1 };
  const result = await runProgram({ file, args: [], signal, encoding: 'latin1', ...limits });
  if (result.timedOut) throw failure(name, result);
  if (result.stdout.length > maxRulesBytes) {
    throw new AgentError('helper_failed', `${name} wrote more than ${maxRulesBytes} bytes`, {
      operand: name,
    });
  }
  return bytesOf(result.stdout);
}

/**
 * Replaces the rules of the tables that are named in the input, in the form of iptables-restore: all of them or, when one
 * is wrong, none. Tries again when another program was changing them.
 *
 * @returns what the program wrote
 * @throws AgentError `helper_failed` with the words of the program, `timed_out`
 */
export async function writeRules(
  { runProgram, directories = defaultDirectories }: PacketFilterComponents,
  { isIpv6, signal }: PacketFilterCall,
  rules: Uint8Array,
): Promise<Uint8Array> {
  const name = isIpv6 ? 'ip6tables-restore' : 'iptables-restore';
  const file = await findProgram(name, directories);
  const args = ['--wait', String(lockWaitSeconds)];
  const limits = { timeoutMs: writeTimeoutMs, inputTimeoutMs };
  for (let attempt = 1; ; attempt += 1) {
    const result = await runProgram({ file, args, signal, input: rules, encoding: 'latin1', ...limits });
    if (result.exitCode === 0) return bytesOf(result.stdout);
    if (result.exitCode !== resourceProblem || attempt >= maxAttempts) throw failure(name, result);
  }
}
