// SPDX-License-Identifier: Apache-2.0
import { ConfigurationError, loadConfiguration, type Configuration } from '@hako/configuration';

import { UsageError } from '../usage-error.ts';

/** Loads a configuration; what is wrong with it is a mistake of whoever wrote it. Error: {@link UsageError}. */
export async function readConfiguration(file: string | undefined): Promise<Configuration> {
  try {
    return await loadConfiguration(file);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new UsageError(error.message, error.remedy ?? 'see `hako config schema`');
  }
}
