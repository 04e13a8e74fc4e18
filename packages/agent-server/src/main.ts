// SPDX-License-Identifier: Apache-2.0
import { startupSnapshot } from 'node:v8';
import { GRPC_API_VERSION } from '@hako/protocols';
import { type CommandLine, parseCommandLine, usage } from './command-line.ts';
import { describeError } from './errors/describe-error.ts';
import { endProcessOf } from './init/last-resort.ts';
import { createConsoleWriter } from './logging/console-writer.ts';
import { createJsonLogger } from './logging/json-logger.ts';
import { runAgent } from './run-agent.ts';
import { agentVersion } from './version.ts';

const standardOutput = 1;
const standardError = 2;
const usageExitCode = 2;

function readCommandLine(): CommandLine | undefined {
  try {
    return parseCommandLine(process.argv.slice(2), process.pid === 1);
  } catch (error) {
    createConsoleWriter(standardError)(`hako-agent: ${describeError(error)}\n${usage}`);
    process.exitCode = usageExitCode;
    return undefined;
  }
}

/** The program. Whatever goes wrong before it serves is said, and ends it: as PID 1 with the machine. */
async function main(): Promise<void> {
  const commandLine = readCommandLine();
  if (commandLine === undefined) return;
  if (commandLine.help || commandLine.version) {
    const version = `hako-agent ${agentVersion} (API ${GRPC_API_VERSION})\n`;
    createConsoleWriter(standardOutput)(commandLine.help ? usage : version);
    return;
  }
  try {
    await runAgent(commandLine);
  } catch (error) {
    const isInit = process.pid === 1;
    const write = createConsoleWriter(isInit ? standardOutput : standardError);
    const logger = createJsonLogger({ level: 'info', version: agentVersion, write, subsystem: 'init' });
    logger.error({ error }, 'agent cannot start');
    endProcessOf(isInit, logger)(1);
  }
}

// A guest image may start the program from a snapshot of its heap, taken here, which spares it loading its code.
if (startupSnapshot.isBuildingSnapshot()) startupSnapshot.setDeserializeMainFunction(() => void main());
else void main();
