import { ROOT } from '../support/python.js';

/** The Python of the tests of PyTorch, which `make test-torch` makes. */
export const TORCH = `${ROOT}.venv-torch/bin/python`;
