// SPDX-License-Identifier: Apache-2.0
import { ConfigurationError, idleSettings, type Configuration } from '@hako/configuration';

import { escapeText } from '../escape-text.ts';
import { UsageError } from '../usage-error.ts';
import { describeOrigin } from './describe-origin.ts';

/**
 * One line for each setting that nothing comes of. Error: {@link UsageError} for one that would be missed.
 * @param configuration the configuration
 */
export function idleLines(configuration: Configuration): readonly string[] {
  try {
    return idleSettings(configuration).map(({ setting: { section, key, origin }, reason }) =>
      escapeText(`hako: warning: ${describeOrigin(origin)}: ${section}.${key} has no effect: ${reason}`),
    );
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new UsageError(error.message, error.remedy ?? 'leave it out');
  }
}
