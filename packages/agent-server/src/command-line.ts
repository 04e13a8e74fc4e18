// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';

/** What was asked for on the agent's command line. */
export interface CommandLine {
  readonly version: boolean;
  readonly help: boolean;
  /** TOML file. */
  readonly configFile: string | undefined;
  /** Goes before every other source of the address. */
  readonly serverAddr: string | undefined;
  /** Takes the place of `/run`. */
  readonly runDir: string | undefined;
}

/** Text of `--help`. */
export const usage = `usage: hako-agent [--config FILE] [--server-addr ADDRESS] [--run-dir DIR] [--version]

  -c, --config FILE        read options from a TOML file instead of the kernel command line
      --server-addr ADDR   vsock://CID:PORT, unix://PATH, unix://@NAME, tcp://IP:PORT or serial://PORT
      --run-dir DIR        keep state below DIR instead of /run
  -v, --version            print the version
  -h, --help               print this text
`;

/**
 * Reads the words behind the program's name.
 *
 * @param lenient - skip what is unknown: the kernel hands PID 1 every word it does not know itself
 * @throws TypeError with a code of node:util for an unknown word
 */
export function parseCommandLine(words: readonly string[], lenient: boolean): CommandLine {
  const { values } = parseArgs({
    args: [...words],
    strict: !lenient,
    allowPositionals: lenient,
    options: {
      version: { type: 'boolean', short: 'v' },
      help: { type: 'boolean', short: 'h' },
      config: { type: 'string', short: 'c' },
      'server-addr': { type: 'string' },
      'run-dir': { type: 'string' },
    },
  });
  const text = (value: string | boolean | undefined) => (typeof value === 'string' ? value : undefined);
  return {
    version: values.version === true,
    help: values.help === true,
    configFile: text(values.config),
    serverAddr: text(values['server-addr']),
    runDir: text(values['run-dir']),
  };
}
