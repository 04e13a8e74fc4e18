// SPDX-License-Identifier: Apache-2.0
import { access, copyFile, mkdir, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { digestSources } from './source-digest.ts';
import type { Availability, Program } from './program.ts';
import { hakoProgram, projectRoot } from './program.ts';
import type { Implementation } from './program.ts';
import { runToolchain, ToolchainError } from './run-toolchain.ts';

/** How one language's program is made. */
interface Recipe {
  readonly name: 'go' | 'rust';
  /** The folder with the sources, below the project. */
  readonly folder: string;
  /** Prints the toolchain's version; fails where there is none. */
  readonly version: readonly [string, ...string[]];
  /** Gets the dependencies; the one step that needs the network. */
  readonly fetch: readonly [string, ...string[]];
  /** Compiles, and returns the path of the executable, which is this process's own. */
  readonly compile: (cwd: string, workDir: string) => Promise<string>;
}

const recipes: readonly Recipe[] = [
  {
    name: 'go',
    folder: 'go',
    version: ['go', 'version'],
    fetch: ['go', 'mod', 'download'],
    async compile(cwd, workDir) {
      const executable = join(workDir, `go-${process.pid}`);
      await runToolchain('go', ['build', '-trimpath', '-o', executable, '.'], { cwd });
      return executable;
    },
  },
  {
    name: 'rust',
    folder: 'rust',
    version: ['cargo', '--version'],
    fetch: ['cargo', 'fetch', '--locked'],
    async compile(cwd, workDir) {
      const target = join(workDir, 'rust-target');
      await runToolchain('cargo', ['build', '--release', '--locked', '--offline'], {
        cwd,
        env: { CARGO_TARGET_DIR: target },
      });
      const executable = join(workDir, `rust-${process.pid}`);
      // Cargo's own stays: a build next to this one has made it as well.
      await copyFile(join(target, 'release', 'hako-interop'), executable);
      return executable;
    },
  },
];

/** Where built programs are kept: below `$HAKO_CACHE_DIR`, by default `~/.cache/hako`. */
function cacheDir(): string {
  return join(process.env['HAKO_CACHE_DIR'] ?? join(homedir(), '.cache', 'hako'), 'interop');
}

/**
 * Builds what is not built yet and returns every program of the matrix, or the reason why it is missing: a toolchain
 * that is not installed, or dependencies that cannot be had. A program that does not compile is an error.
 */
export async function buildPrograms(): Promise<Readonly<Record<Implementation, Availability>>> {
  const [go, rust] = await Promise.all(recipes.map((recipe) => build(recipe)));
  if (go === undefined || rust === undefined) throw new Error('a recipe is missing');
  return { go, rust, hako: { program: hakoProgram } };
}

async function build(recipe: Recipe): Promise<Availability> {
  const cwd = join(projectRoot, recipe.folder);
  const run = ([command, ...args]: readonly [string, ...string[]]): Promise<string> =>
    runToolchain(command, args, { cwd });
  try {
    const digest = await digestSources([cwd, join(projectRoot, 'protos')], await run(recipe.version));
    const executable = join(cacheDir(), `${recipe.name}-${digest}`);
    const program: Program = { name: recipe.name, command: executable, args: [] };
    if (await exists(executable)) return { program };
    await mkdir(cacheDir(), { recursive: true });
    await run(recipe.fetch);
    // Renamed into place, so that a build next to this one never sees half a program.
    await rename(await recipe.compile(cwd, cacheDir()), executable);
    return { program };
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error;
    if (error.notInstalled) return { missing: `${recipe.version[0]} is not installed` };
    if (error.message.startsWith(recipe.fetch.join(' '))) {
      return { missing: `${recipe.fetch.join(' ')} cannot get the dependencies` };
    }
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    // Whatever hides the file, building it anew is the answer.
    return false;
  }
}
