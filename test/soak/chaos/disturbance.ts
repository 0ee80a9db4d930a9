import type { Random } from '../random.js';
import type { ChaosServer } from './server.js';

/** Something bad that happens to a running server, and ends again. */
export interface Disturbance {
  /** After "it stands ". */
  name: string;
  /** Errors that the log may tell of because of it. */
  expected?: RegExp;
  /**
   * Does it to the server, looks whether it bites, and ends it. Then the server must answer again as before.
   * @returns what was seen, in words
   * @throws Error when the server did something else than it should
   * @throws NotHere when this machine does not let it happen
   */
  run(server: ChaosServer, random: Random): Promise<string>;
}

/** This machine does not let something happen; the message says what is missing. */
export class NotHere extends Error {}

export const NO_MOUNT = 'this user may not mount disks: root may, where containers have CAP_SYS_ADMIN';
