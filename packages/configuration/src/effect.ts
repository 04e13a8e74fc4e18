// SPDX-License-Identifier: Apache-2.0
import { ConfigurationError } from './configuration-error.ts';
import type { Configuration, Setting } from './configuration.ts';
import { idleKeys, type IdleKey } from './keys/idle-keys.ts';
import type { ConfigurationValue } from './keys/key-rule.ts';

/** What comes of a setting. */
export type Effect = { readonly kind: 'driven' } | IdleKey;

/** What comes of a setting: a key that nothing is known of is harmless, so that it is told. */
export function effectOf({ section, key, rule }: Pick<Setting, 'section' | 'key' | 'rule'>): Effect {
  if (rule.effective === true) return { kind: 'driven' };
  return idleKeys[section][key] ?? { kind: 'harmless', reason: 'Hako does not act upon it' };
}

/** A setting that nothing comes of. */
export interface IdleSetting {
  readonly setting: Setting;
  readonly reason: string;
}

/**
 * The settings that somebody has made and nothing comes of, for people to be told.
 *
 * @throws ConfigurationError `unsupported` for one that would be missed
 */
export function idleSettings(configuration: Configuration): readonly IdleSetting[] {
  return configuration.settings.flatMap((setting) => {
    const effect = effectOf(setting);
    if (effect.kind === 'driven' || !isMade(setting)) return [];
    if (effect.kind === 'harmless') return [{ setting, reason: effect.reason }];
    const { section, key, origin } = setting;
    throw new ConfigurationError('unsupported', `${section}.${key} is not supported: ${effect.reason}`, {
      key: `${section}.${key}`,
      remedy: 'leave it out',
      ...(origin.kind === 'file' && {
        file: origin.file,
        ...(origin.line !== undefined && { line: origin.line }),
      }),
    });
  });
}

function isMade({ value, origin, rule }: Setting): boolean {
  return origin.kind !== 'default' && !isSame(value, rule.missing);
}

function isSame(one: ConfigurationValue, other: ConfigurationValue): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
