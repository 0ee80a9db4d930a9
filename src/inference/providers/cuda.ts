import type { Provider } from './contract.js';

export const cuda: Provider = {
  name: 'cuda',
  hasDevices: true,
  sessionOptions: device => ({
    executionProviders: [{ name: 'cuda', deviceId: device }],
    graphOptimizationLevel: 'all',
  }),
  cause: /CUDA failure \d+: [^;]*[^; ]/,
  example: 'cuda:0',
  hint:
    'What ONNX Runtime writes to stderr names the library that is missing: libcuda.so.1 is the NVIDIA driver, of version ' +
    '580 or newer; all others are installed by `EXECUTION_PROVIDER=cuda make serve`. When none is missing, `nvidia-smi` ' +
    'must list the device. EXECUTION_PROVIDER=cuda,cpu falls back to the CPU.',
};
