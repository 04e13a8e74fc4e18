// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { AgentError } from '../errors/agent-error.ts';
import { type AgentOptions, defaultOptions, type OptionsDraft } from './agent-options.ts';
import { applyEnvironment } from './environment.ts';
import { applyKernelCommandLine, configFileOf } from './kernel-command-line.ts';

/** The places options come from. */
export interface OptionSources {
  /** Value of `--config`; the kernel command line is then not read. */
  readonly configFile?: string | undefined;
  /** Text of `/proc/cmdline`. */
  readonly commandLine: string;
  /** Environment of the process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads a configuration file. Default: from disk. */
  readonly readTextFile?: (path: string) => Promise<string>;
}

async function fromFile(sources: OptionSources, path: string): Promise<OptionsDraft> {
  const readTextFile = sources.readTextFile ?? ((file) => readFile(file, 'utf8'));
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    throw new AgentError('invalid_option', `configuration file ${path} cannot be read`, {
      operand: path,
      cause: error,
    });
  }
  // Loaded only here: a guest without a file does not pay for the parser.
  const { applyToml } = await import('./toml-options.ts');
  const draft = defaultOptions();
  applyToml(draft, text);
  return draft;
}

/**
 * Gathers the options: `--config FILE` and the environment; or else the kernel command line and the environment, where
 * `agent.config_file=` makes that file the only source.
 *
 * @throws AgentError `invalid_option`
 */
export async function loadOptions(sources: OptionSources): Promise<AgentOptions> {
  if (sources.configFile !== undefined) {
    const draft = await fromFile(sources, sources.configFile);
    applyEnvironment(draft, sources.environment);
    return draft;
  }
  const configFile = configFileOf(sources.commandLine);
  if (configFile !== undefined) return await fromFile(sources, configFile);
  const draft = defaultOptions();
  applyKernelCommandLine(draft, sources.commandLine);
  applyEnvironment(draft, sources.environment);
  return draft;
}
