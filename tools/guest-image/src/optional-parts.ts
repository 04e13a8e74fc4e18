// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';

/** Name of the folder beside the agent's main file whose files are bundles of their own. */
const folderName = 'optional';

/** One of the agent's parts that few guests need. */
export interface OptionalPart {
  /** Its bundle's name in the guest, below the folder of the agent. */
  readonly path: string;
  /** Its source file. */
  readonly entry: string;
}

/** The optional parts of an agent, in a fixed order; none where there is no such folder. */
export async function listOptionalParts(agentEntry: string): Promise<OptionalPart[]> {
  const folder = join(dirname(agentEntry), folderName);
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .sort()
    .map((name) => ({ path: bundlePath(name), entry: join(folder, name) }));
}

function bundlePath(fileName: string): string {
  return `${folderName}/${fileName.replace(/\.ts$/, '.cjs')}`;
}

const partImport = new RegExp(`/${folderName}/([\\w-]+\\.ts)$`);

/**
 * Leaves the agent's optional parts out of its bundle: what is imported dynamically is loaded from a bundle of its own
 * at that moment. A static import of one is an error, for it would load the part at every start.
 */
export const optionalPartsPlugin: Plugin = {
  name: 'optional parts',
  setup(build) {
    build.onResolve({ filter: partImport }, ({ path, kind, importer }) => {
      if (kind === 'entry-point') return undefined;
      if (kind === 'dynamic-import') return { path, namespace: folderName };
      const text = `${path} is optional and must be imported dynamically`;
      return { errors: [{ text, location: { file: importer } }] };
    });
    build.onLoad({ filter: partImport, namespace: folderName }, ({ path }) => {
      const file = `./${bundlePath(partImport.exec(path)?.[1] ?? '')}`;
      // Not `require` itself: in a startup snapshot that knows Node's own modules only.
      const contents = `module.exports = require('node:module').createRequire(__agentUrl)(${JSON.stringify(file)});`;
      return { contents, loader: 'js' };
    });
  },
};
