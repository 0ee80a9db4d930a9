import { parentPort, workerData } from 'node:worker_threads';
import { answer, type SeriesRequest } from './training.js';

parentPort!.postMessage(answer(workerData as SeriesRequest));
