import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../support/python.js';
import { CompiledServer, killProcess } from './process.js';

const SCRATCH = join(ROOT, '.cache/soak');
const MODELS = join(SCRATCH, 'models');
const SHIPPED = join(ROOT, 'models/sentiment');
/** Older ones are taken away, as whoever trains on takes them away. */
const VERSIONS_KEPT = 4;
/** That a process ended is what this is about. */
const EXPECTED = /^an inference process ended/;

/** The server with a model repository of its own. */
export class SoakServer {
  readonly process: CompiledServer;
  #versions = 0;

  private constructor(process: CompiledServer) {
    this.process = process;
  }

  static async start(env: Readonly<Record<string, string>>): Promise<SoakServer> {
    await rm(SCRATCH, { recursive: true, force: true });
    await mkdir(MODELS, { recursive: true });
    await cp(SHIPPED, join(MODELS, 'sentiment'), { recursive: true });
    const settings = {
      MODEL_DIR: MODELS,
      DATA_DIR: join(SCRATCH, 'data'),
      RELOAD_CRON: '0 0 29 2 *',
      ...env,
    };
    return new SoakServer(await CompiledServer.start(settings, EXPECTED));
  }

  /** The folder of the version that every other one is a copy of. */
  static async version(): Promise<string> {
    const [name] = await readdir(join(SHIPPED, 'versions'));
    return join(SHIPPED, 'versions', name!);
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
    this.process.signal('SIGHUP');
    return `sentiment:${name}`;
  }

  /** Ends a process of the server other than itself, whichever; undefined when there is none at the moment. */
  killOne(): number | undefined {
    const [, ...children] = this.process.pids;
    const victim = children[Math.floor(Math.random() * children.length)];
    return victim !== undefined && killProcess(victim) ? victim : undefined;
  }
}
