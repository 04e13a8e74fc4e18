// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

import { corpusDirectory, readCorpus } from './corpus.ts';
import { runSuite } from './run-suite.ts';
import { suites } from './suites.ts';

const usage = `usage: npm run fuzz -- SUITE [options]

suites
${[...suites.values()].map(({ name, targets }) => `  ${name}: ${targets.map((target) => target.name).join(', ')}`).join('\n')}

options
  --seconds N    how long, all targets together (default 60)
  --seed S       where chance begins; the same seed tries the same inputs (default: by chance)
  --target NAME  one target only
  --path P       one input only, as a finding printed it
  --help         print this

Exit code 1 and a line for reproduction on a finding.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    target: { type: 'string' },
    path: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const suite = suites.get(positionals[0] ?? '');
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
const knowsTarget =
  values.target === undefined || suite?.targets.some(({ name }) => name === values.target) === true;
const pathHasTarget = values.path === undefined || values.target !== undefined;

if (values.help) {
  console.log(usage);
} else if (
  suite === undefined ||
  !knowsTarget ||
  !pathHasTarget ||
  !(seconds > 0) ||
  !Number.isSafeInteger(seed)
) {
  console.error(usage);
  process.exitCode = 2;
} else {
  console.log(`seed ${seed}, ${seconds} s`);
  const findings = await runSuite(suite, {
    seconds,
    seed,
    corpus: readCorpus(corpusDirectory(suite.name)),
    print: (line) => console.log(line),
    ...(values.target === undefined ? {} : { target: values.target }),
    ...(values.path === undefined ? {} : { path: values.path }),
  });
  if (findings > 0) process.exitCode = 1;
}
