// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { benchmarks } from './benchmarks.ts';
import type { Benchmark, Effort } from './frame/benchmark.ts';
import { describeMachine } from './frame/machine.ts';
import { markdownSection } from './frame/markdown-section.ts';
import type { Result } from './frame/result.ts';
import { judge, summarize } from './frame/result.ts';
import { runRounds } from './frame/run-rounds.ts';
import { svgPlot } from './frame/svg-plot.ts';
import { textReport } from './frame/text-table.ts';

const usage = `usage: npm run bench -- NAME [options]

benchmarks
${[...benchmarks.values()].map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join('\n')}

options
  --json          print the result as JSON in place of tables
  --output FILE   write the result as JSON
  --svg FILE      write a plot
  --write FILE    write the section for docs/performance.md; refers to the plot of --svg
  --rounds N      rounds that count (default 5)
  --quick         a tenth of the work, to see that it runs
  --help          print this`;

async function run(benchmark: Benchmark, effort: Effort): Promise<Result> {
  await using prepared = await benchmark.prepare(effort);
  const rounds = await runRounds(prepared, effort, (text) => process.stderr.write(`${text}\n`));
  return {
    benchmark: benchmark.name,
    title: benchmark.title,
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    effort,
    notes: prepared.notes,
    subjects: prepared.subjects,
    rows: summarize(prepared, rounds),
    targets: judge(prepared.targets, rounds),
    rounds,
  };
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    output: { type: 'string' },
    svg: { type: 'string' },
    write: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const benchmark = benchmarks.get(positionals[0] ?? '');
const rounds = Number(values.rounds);
if (values.help) {
  console.log(usage);
} else if (benchmark === undefined || !Number.isSafeInteger(rounds) || rounds < 1) {
  console.error(usage);
  process.exitCode = 2;
} else {
  const result = await run(benchmark, { rounds, scale: values.quick ? 0.1 : 1 });
  const json = JSON.stringify(result, undefined, 2);
  console.log(values.json ? json : textReport(result));
  if (values.output !== undefined) await writeFile(values.output, `${json}\n`);
  if (values.svg !== undefined) await writeFile(values.svg, svgPlot(result));
  if (values.write !== undefined) await writeFile(values.write, markdownSection(result, values.svg));
}
