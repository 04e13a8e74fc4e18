#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

// Compiled code is kept between runs, which saves most of the time until the virtual machine is started. The directory is
// there once the guest image has been built; it is not for this program to make it.
const chosen = process.env['HAKO_CACHE_DIR'];
const cache = chosen === undefined || chosen === '' ? join(homedir(), '.cache', 'hako') : chosen;
if (existsSync(cache)) enableCompileCache(join(cache, 'compiled'));

void import('./start-program.ts').then(({ startProgram }) => startProgram());
