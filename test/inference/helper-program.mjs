// Loaded by inference processes before their own entry: starts a program, as the reading of a video does, that never ends.
import { spawn } from 'node:child_process';

spawn('sleep', ['1000'], { stdio: 'ignore' });
