import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * A process beside the server that outlives it by a moment. It reads from a pipe which programs run for the server, and ends them
 * when the pipe is closed: the server is gone then, even if it was killed and could do nothing. Programs cannot notice that
 * themselves while they compute: a graph that never ends would hold a core for ever.
 *
 * `+ 12` adds a process, and what it has started itself; `+ -12` a group of processes; `- 12` takes one away.
 */
const SCRIPT = `
trap '' HUP INT TERM
all=
while read -r sign each; do
  case $sign in
    +) all="$all $each" ;;
    -) left=
       for one in $all; do [ "$one" = "$each" ] || left="$left $one"; done
       all=$left ;;
  esac
done
for each in $all; do
  started=
  [ -r "/proc/$each/task/$each/children" ] && read -r started < "/proc/$each/task/$each/children"
  kill -9 $each $started
done
`;
/** How long to wait before another one is started in the place of one that was ended. */
const AGAIN_MS = 1_000;

/** Those that end with the server. */
const guarded = new Set<number>();
let pipe: Socket | undefined;

/**
 * Has a program ended when this process is gone, however that ended. Where there is no `sh`, nothing happens.
 *
 * @param target a process id; negative: that of a process group
 * @returns to be called when the program has ended
 * @example
 * const ended = endWithServer(child.pid);
 * child.once('exit', ended);
 */
export function endWithServer(target: number): () => void {
  guarded.add(target);
  if (pipe) tell('+', target);
  else start();
  return () => {
    guarded.delete(target);
    tell('-', target);
  };
}

function tell(sign: '+' | '-', target: number): void {
  pipe?.write(`${sign} ${target}\n`);
}

function start(): void {
  const child = spawn('/bin/sh', ['-c', SCRIPT], {
    // A terminal's signals are for the server alone, and no folder is kept in use.
    detached: true,
    cwd: '/',
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Should it not start, the next program to come tries again.
  child.on('error', () => {});
  if (child.pid === undefined) return;
  child.unref();
  pipe = child.stdin as Socket;
  pipe.on('error', () => {});
  pipe.unref();
  for (const target of guarded) tell('+', target);
  child.once('exit', () => {
    pipe = undefined;
    setTimeout(() => {
      if (!pipe && guarded.size > 0) start();
    }, AGAIN_MS).unref();
  });
}
