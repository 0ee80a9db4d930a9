import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Cell, measureCells } from './cells.js';
import { CONTESTANTS } from './contestants.js';
import { measureLatencies, measureStart } from './latency.js';
import { Loader } from './loader.js';
import { measureMedia } from './media.js';
import { BENCH, CACHE } from './paths.js';
import { prepare } from './prepare.js';
import { measureRatio } from './ratio.js';
import {
  cellTable,
  latencyTable,
  markdown,
  mediaTable,
  type Results,
  ratioTable,
  targetTable,
} from './report.js';
import type { Shape } from './workload.js';

/**
 * `make bench`: everything, into RESULTS.md. While working on one thing, a part of it:
 *
 *     node --import tsx test/bench/main.ts --parts cells --only ours,echo --tasks 1 --rounds 3 --seconds 2
 *     node --import tsx test/bench/main.ts --parts ratio,latency,start
 *     node --import tsx test/bench/main.ts --quick --env MAX_BATCH=128
 *
 * `--shape full` sends tasks with all the fields of Label Studio's own; `--env NAME=VALUE` sets a setting of this server.
 */
const { values } = parseArgs({
  options: {
    parts: { type: 'string', default: 'cells,ratio,latency,start,media' },
    only: { type: 'string', default: CONTESTANTS.join(',') },
    tasks: { type: 'string', default: '1,25,1000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2.5' },
    shape: { type: 'string', default: 'lean' },
    env: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
  },
});

const parts = values.parts.split(',');
const names = CONTESTANTS.filter(name => values.only.split(',').includes(name));
const rounds = values.quick ? 1 : Number(values.rounds);
const seconds = values.quick ? 1 : Number(values.seconds);
const settings = Object.fromEntries(
  values.env.map(each => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
);
/** Only a run of everything is a result. */
const whole = process.argv.length === 2;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function show(cell: Cell): void {
  const columns = [
    `${cell.round}`.padStart(2),
    cell.name.padEnd(6),
    `${cell.tasks}`.padStart(4),
    `${cell.perSecond.toFixed(1).padStart(8)}/s`,
    `p50 ${cell.p50.toFixed(2).padStart(7)} ms`,
    `p99 ${cell.p99.toFixed(2).padStart(7)} ms`,
    `${cell.memory.toFixed(0).padStart(3)} MB`,
    `CPU ${cell.cpuMs.toFixed(3).padStart(7)} ms, ${cell.firstMs.toFixed(3)} of it the first process`,
    `cores: load ${cell.load.toFixed(2)}, others ${cell.others.toFixed(2)}`,
  ];
  say(columns.join('  '));
}

const model = await prepare();
say(
  `The model has ${model.terms.toLocaleString('en')} terms, exported in ${model.exportSeconds.toFixed(2)} s.`,
);
const results: Results = { model, cells: [], child: Number.NaN };
const loader = new Loader();
try {
  if (parts.includes('cells')) {
    say('\nThroughput, latency, memory: round by round');
    results.cells = await measureCells(loader, {
      names,
      tasks: values.tasks.split(',').map(Number),
      rounds,
      seconds,
      shape: values.shape === 'full' ? 'full' : ('lean' satisfies Shape),
      settings,
      onCell: show,
    });
    results.child = Math.max(...results.cells.map(({ child }) => child), 0) || Number.NaN;
    say(`\n${cellTable(results.cells)}`);
  }
  if (parts.includes('ratio')) {
    say('\nOne core, no HTTP');
    results.ratio = await measureRatio(model.folder, rounds, values.quick ? 0.3 : 1);
    say(ratioTable(results.ratio));
  }
  if (parts.includes('latency')) {
    say('\nLatency under bulk requests');
    results.latencies = await measureLatencies(loader, values.quick ? 3 : 8, settings);
    say(latencyTable(results.latencies));
  }
  if (parts.includes('start')) {
    results.startSeconds = await measureStart(values.quick ? 1 : 5, settings);
    say(`\nStart to first answer: ${results.startSeconds.toFixed(2)} s`);
  }
  if (parts.includes('media')) {
    say('\nImages and recordings');
    results.media = await measureMedia(values.quick ? 1 : rounds, values.quick ? 1 : 3);
    say(mediaTable(results.media));
  }
} finally {
  await loader.close();
}
say(`\n${targetTable(results)}`);
writeFileSync(join(CACHE, 'last.json'), JSON.stringify(results, null, 2));
if (whole) {
  const file = join(BENCH, 'RESULTS.md');
  writeFileSync(file, markdown(results, rounds));
  say(`\nWritten to ${file}`);
}
