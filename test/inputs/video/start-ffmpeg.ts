// Starts ffmpeg on nothing, and lives on.
import { startFfmpeg } from '../../../src/inputs/ffmpeg.js';

startFfmpeg({ name: 'videos', containers: 'gif' }, '/nowhere', ['-f', 'null', '-']);
setInterval(() => {}, 60_000);
