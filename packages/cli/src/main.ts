#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

// Compiled code is kept between runs, which saves most of the time until the virtual machine is started.
const cacheDirectory = process.env['HAKO_CACHE_DIR'];
enableCompileCache(
  join(
    cacheDirectory === undefined || cacheDirectory === ''
      ? join(homedir(), '.cache', 'hako')
      : cacheDirectory,
    'compiled',
  ),
);

void import('./start-program.ts').then(({ startProgram }) => startProgram());
