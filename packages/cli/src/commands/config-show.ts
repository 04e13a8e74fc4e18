// SPDX-License-Identifier: Apache-2.0
import { effectOf, type Setting } from '@hako/configuration';

import type { CliComponents } from '../cli-components.ts';
import { describeOrigin } from '../config/describe-origin.ts';
import { readConfiguration } from '../config/read-configuration.ts';
import { escapeText } from '../escape-text.ts';

/** What `hako config show` shall show. */
export interface ConfigShowRequest {
  /** The file; undefined shows what holds without one. */
  readonly file: string | undefined;
  /** Only what a file sets. */
  readonly changed: boolean;
  readonly json: boolean;
}

/**
 * `hako config show`: every key with its value, where that comes from, and whether it has an effect.
 * @param request what to show
 * @param components the program's world
 */
export async function configShow(request: ConfigShowRequest, components: CliComponents): Promise<number> {
  const { settings } = await readConfiguration(request.file);
  const shown = request.changed ? settings.filter(({ origin }) => origin.kind !== 'default') : settings;
  components.stdout.write(request.json ? `${asJson(shown)}\n` : `${await asTable(shown)}\n`);
  return 0;
}

function asJson(settings: readonly Setting[]): string {
  const rows = settings.map((setting) => {
    const { section, key, value, origin } = setting;
    const { kind, ...why } = effectOf(setting);
    return { section, key, value, origin: describeOrigin(origin), effect: kind, ...why };
  });
  return JSON.stringify(rows, null, 2);
}

async function asTable(settings: readonly Setting[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({ head: ['key', 'value', 'from', 'effect'], style: { head: [], border: [] } });
  for (const setting of settings) {
    const { section, key, value, origin } = setting;
    table.push([
      `${section}.${key}`,
      escapeText(JSON.stringify(value)),
      escapeText(describeOrigin(origin)),
      effectWord(setting),
    ]);
  }
  return table.toString();
}

/** A word for a narrow column; `--json` has the reason. */
function effectWord(setting: Setting): string {
  const { kind } = effectOf(setting);
  if (kind === 'driven') return 'yes';
  return kind === 'harmless' ? 'none' : 'refused';
}
