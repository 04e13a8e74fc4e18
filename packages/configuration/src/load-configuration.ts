// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigurationError } from './configuration-error.ts';
import { Configuration } from './configuration.ts';
import { parseConfiguration } from './parse-configuration.ts';

/** Directory beside the file whose files replace single keys, in the order of their names. */
const dropInDirectory = 'config.d';

/**
 * Reads a `configuration.toml` and the files of `config.d` beside it. Errors: `unreadable`, `malformed`, `unknown_key`,
 * `invalid_value`.
 * @param file the file; without one everything is as if each key were missing
 */
export async function loadConfiguration(file?: string): Promise<Configuration> {
  let configuration = Configuration.defaults();
  if (file === undefined) return configuration;
  for (const each of [file, ...(await dropIns(file))]) {
    const source = await readFile(each, 'utf8').catch((cause: unknown) => {
      throw new ConfigurationError('unreadable', 'cannot be read', { file: each, cause });
    });
    configuration = configuration.with(parseConfiguration(source, each), ({ line }) => ({
      kind: 'file',
      file: each,
      ...(line === undefined ? {} : { line }),
    }));
  }
  configuration.check();
  return configuration;
}

async function dropIns(file: string): Promise<readonly string[]> {
  const directory = join(dirname(file), dropInDirectory);
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => name.endsWith('.toml'))
    .sort()
    .map((name) => join(directory, name));
}
