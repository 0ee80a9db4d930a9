import { parentPort, workerData } from 'node:worker_threads';
import type { Content } from '../shown/text.js';
import { answer } from './training.js';

parentPort!.postMessage(answer(workerData as Content));
