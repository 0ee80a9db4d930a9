import { fileURLToPath } from 'node:url';
import { licenceProblems } from './check.js';

const problems = licenceProblems(process.argv[2] ?? fileURLToPath(new URL('../../', import.meta.url)));
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
