import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.js';
import { type Claim, type ClaimState, renewClaim } from './claims.js';

/** What the thread begins with. */
export interface ThreadData {
  path: string;
  claim: Claim;
  /** Milliseconds between two beats. */
  every: number;
}

/** What the thread tells: the claim is gone, or cannot be written (null: it can again). */
export type ThreadNews = { lost: true } | { trouble: string | null };

/** Renews the claim of a server, which may compute for minutes on its own thread. */
const { path, claim, every } = workerData as ThreadData;
const port = parentPort!;
let trouble: string | null = null;

const tell = (news: ThreadNews) => port.postMessage(news);
const timer = setInterval(beat, every);

function beat(): void {
  claim.beat++;
  let problem: string | null = null;
  try {
    if (!renewClaim(path, claim)) {
      tell({ lost: true });
      stop();
      return;
    }
  } catch (error) {
    problem = messageOf(error);
  }
  if (problem !== trouble) tell({ trouble: problem });
  trouble = problem;
}

function stop(): void {
  clearInterval(timer);
  port.close();
}

port.on('message', (state: ClaimState) => {
  claim.state = state;
  beat();
  if (state === 'released') stop();
});
