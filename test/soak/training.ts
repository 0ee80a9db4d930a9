import { rm } from 'node:fs/promises';
import { kills } from './kills.js';
import { SoakLabelStudio } from './label-studio.js';
import { say, sayChecks } from './report.js';
import { storm } from './storm.js';
import { DATA_DIR } from './training-server.js';

/**
 * The training loop of the compiled server, with the real trainer of texts: very many annotations in a short time, and then
 * one in which the server, trainers and inference processes are killed at random moments.
 *
 * usage: node --import tsx test/soak/training.ts [seconds] [seed]
 */
const SECONDS = Number(process.argv[2] ?? 600);
const SEED = Number(process.argv[3] ?? 1 + Math.floor(Math.random() * 1_000_000));
/** A short run may share its machine, where times say nothing. */
const TIMED = SECONDS >= 600;
/** A kill, with what follows it, takes some 5 s. */
const KILLS = Math.max(20, Math.round(SECONDS / 10));

const begin = performance.now();
await rm(DATA_DIR, { recursive: true, force: true });
const labelStudio = await SoakLabelStudio.start();
say('1,000 annotations while trainings run');
const checks = await storm(labelStudio, TIMED);
say(
  `\n${KILLS} kills in a training loop; node --import tsx test/soak/training.ts ${SECONDS} ${SEED} repeats them`,
);
checks.push(...(await kills(labelStudio, SEED, KILLS)));
labelStudio.stop();
process.exit(sayChecks(checks, begin));
