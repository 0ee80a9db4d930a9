import type { Provider } from './contract.js';

export const cpu: Provider = {
  name: 'cpu',
  hasDevices: false,
  // One thread a session: the pool runs one child a core, and more threads than cores only get in each other's way.
  sessionOptions: () => ({
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  }),
  example: 'cpu',
  hint: 'onnxruntime-node has no binary for this platform: see its list of platforms.',
};
