import { clockJumps } from './clock-jumps.js';
import { crossSite } from './cross-site.js';
import type { Disturbance } from './disturbance.js';
import { fewDescriptors } from './few-descriptors.js';
import { fullDataDisk } from './full-data-disk.js';
import { fullLogDisk } from './full-log-disk.js';
import { gzipBodies } from './gzip-bodies.js';
import { hostileFolders } from './hostile-folders.js';
import { hostileMedia } from './hostile-media.js';
import { killedProcesses } from './killed-processes.js';
import { killedServer } from './killed-server.js';
import { readOnlyDisk } from './read-only-disk.js';
import { secondServer } from './second-server.js';
import { slowClients } from './slow-clients.js';
import { stoppedProcesses } from './stopped-processes.js';
import { stoppedServer } from './stopped-server.js';

export const KINDS: readonly Disturbance[] = [
  fullDataDisk,
  fullLogDisk,
  readOnlyDisk,
  fewDescriptors,
  stoppedProcesses,
  killedProcesses,
  killedServer,
  stoppedServer,
  secondServer,
  clockJumps,
  slowClients,
  gzipBodies,
  crossSite,
  hostileMedia,
  hostileFolders,
];
