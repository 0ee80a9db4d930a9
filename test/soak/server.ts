import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { processTree } from '../bench/processes.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCRATCH = join(ROOT, '.cache/soak');
const MODELS = join(SCRATCH, 'models');
const SHIPPED = join(ROOT, 'models/sentiment');
/** Older ones are taken away, as whoever trains on takes them away. */
const VERSIONS_KEPT = 4;
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'TMPDIR'];

/** The server as it is installed, with a model repository of its own. */
export class SoakServer {
  readonly url: string;
  readonly pid: number;
  /** Lines that tell of an error. */
  readonly errors: string[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<[number | null, NodeJS.Signals | null]>;
  #versions = 0;

  private constructor(child: ChildProcess, url: string) {
    this.#process = child;
    this.pid = child.pid!;
    this.url = url;
    this.#ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  }

  static async start(env: Readonly<Record<string, string>>): Promise<SoakServer> {
    await rm(SCRATCH, { recursive: true, force: true });
    await mkdir(MODELS, { recursive: true });
    await cp(SHIPPED, join(MODELS, 'sentiment'), { recursive: true });
    const child = spawn(process.execPath, [join(ROOT, 'dist/cli/start.js')], {
      env: {
        ...Object.fromEntries(PASSED_ON.map(name => [name, process.env[name]])),
        MODEL_DIR: MODELS,
        DATA_DIR: join(SCRATCH, 'data'),
        PORT: '0',
        RELOAD_CRON: '0 0 29 2 *',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // It ends with this process, however that ends.
    process.once('exit', () => child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout! });
    let server: SoakServer | undefined;
    return new Promise((resolve, reject) => {
      child.once('exit', code => reject(new Error(`the server ended with ${code}`)));
      lines.on('line', line => {
        const { level, msg } = JSON.parse(line) as { level: number; msg: string };
        const url = /^serving .* on (http:\S+)$/.exec(msg)?.[1];
        if (url !== undefined) {
          server = new SoakServer(child, url);
          resolve(server);
        }
        // That a process ended is what this is about.
        if (level >= 50 && !msg.startsWith('an inference process ended')) server?.errors.push(line);
      });
    });
  }

  /** The folder of the version that every other one is a copy of. */
  static async version(): Promise<string> {
    const [name] = await readdir(join(SHIPPED, 'versions'));
    return join(SHIPPED, 'versions', name!);
  }

  /** All processes of the server, itself first. */
  get pids(): number[] {
    return processTree(this.pid);
  }

  /**
   * Puts a copy of the version into the repository under a newer name, and tells the server.
   * @returns what answers will call it
   */
  async newVersion(): Promise<string> {
    const source = await SoakServer.version();
    const hash = source.slice(-6);
    const stamp = String(++this.#versions).padStart(6, '0');
    const name = `20990101-${stamp}-${hash}`;
    const versions = join(MODELS, 'sentiment/versions');
    await cp(source, join(SCRATCH, name), { recursive: true });
    await rename(join(SCRATCH, name), join(versions, name));
    const old = (await readdir(versions)).sort().slice(0, -VERSIONS_KEPT);
    for (const each of old) await rm(join(versions, each), { recursive: true });
    this.#process.kill('SIGHUP');
    return `sentiment:${name}`;
  }

  /** Ends a process of the server other than itself, whichever; undefined when there is none at the moment. */
  killOne(): number | undefined {
    const [, ...children] = this.pids;
    const victim = children[Math.floor(Math.random() * children.length)];
    if (victim === undefined) return undefined;
    try {
      process.kill(victim, 'SIGKILL');
    } catch {
      return undefined;
    }
    return victim;
  }

  /** @returns the exit code */
  async stop(): Promise<number | null> {
    this.#process.kill('SIGTERM');
    return (await this.#ended)[0];
  }
}
