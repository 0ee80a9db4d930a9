import type { Box } from '../image/geometry.js';
import { iou } from '../image/overlap.js';

/** A thing as it is seen in one of the frames that were read. */
export interface Sight {
  /** Which of them. */
  at: number;
  box: Box;
  score: number;
}

/** A thing as it is seen over time, in the order of the frames. */
export interface Track {
  label: number;
  sights: Sight[];
}

export interface TrackRules {
  /** How much a thing must overlap itself from one frame to the next, intersection over union. */
  overlap: number;
  /** The most frames in which it may be out of sight in between. */
  gap: number;
}

/**
 * Puts what was found in frames together to tracks: in each frame the boxes that overlap a track's last one the most, or the
 * one where it would have moved to, go on with it.
 *
 * @param frames ascending, each with what was found in it
 */
export function tracksOf(
  frames: readonly { at: number; found: readonly { label: number; box: Box; score: number }[] }[],
  { overlap, gap }: TrackRules,
): Track[] {
  const tracks: Track[] = [];
  let open: Track[] = [];
  for (const { at, found } of frames) {
    open = open.filter(({ sights }) => at - sights.at(-1)!.at - 1 <= gap);
    const pairs = open.flatMap(track =>
      found.flatMap((each, index) => {
        if (each.label !== track.label) return [];
        const shared = Math.max(
          iou(track.sights.at(-1)!.box, each.box),
          iou(movedTo(track.sights, at), each.box),
        );
        return shared > 0 && shared >= overlap ? [{ track, index, shared }] : [];
      }),
    );
    pairs.sort((a, b) => b.shared - a.shared);
    const taken = new Set<number>();
    const continued = new Set<Track>();
    for (const { track, index } of pairs) {
      if (taken.has(index) || continued.has(track)) continue;
      taken.add(index);
      continued.add(track);
      const { box, score } = found[index]!;
      track.sights.push({ at, box, score });
    }
    for (const [index, { label, box, score }] of found.entries()) {
      if (taken.has(index)) continue;
      const track = { label, sights: [{ at, box, score }] };
      tracks.push(track);
      open.push(track);
    }
  }
  return tracks;
}

/** Where a thing is at a frame if it goes on moving as it did. */
function movedTo(sights: readonly Sight[], at: number): Box {
  const last = sights.at(-1)!;
  const before = sights.at(-2);
  if (before === undefined) return last.box;
  const share = (at - last.at) / (last.at - before.at);
  return {
    ...last.box,
    x: last.box.x + share * (last.box.x - before.box.x),
    y: last.box.y + share * (last.box.y - before.box.y),
  };
}

/** A place of something that moves; other numbers by name. */
export interface KeyFrame {
  frame: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Leaves out the key frames that the editor finds itself, as it moves boxes evenly from one to the next (Ramer, 1972;
 * Douglas and Peucker, 1973).
 *
 * @param frames by `frame`, ascending
 * @param tolerance how far a box may be off in any number
 */
export function simplified(frames: readonly KeyFrame[], tolerance: number): KeyFrame[] {
  const kept = new Set<number>([0, frames.length - 1]);
  const stretches: [number, number][] = [[0, frames.length - 1]];
  for (let stretch = stretches.pop(); stretch !== undefined; stretch = stretches.pop()) {
    const [first, last] = stretch;
    let worst = -1;
    let most = tolerance;
    for (let at = first + 1; at < last; at++) {
      const off = deviation(frames[first]!, frames[last]!, frames[at]!);
      if (off > most) [worst, most] = [at, off];
    }
    if (worst < 0) continue;
    kept.add(worst);
    stretches.push([first, worst], [worst, last]);
  }
  return frames.filter((_, at) => kept.has(at));
}

function deviation(from: KeyFrame, to: KeyFrame, between: KeyFrame): number {
  const share = (between.frame - from.frame) / (to.frame - from.frame);
  return Math.max(
    ...(['x', 'y', 'width', 'height'] as const).map(side =>
      Math.abs(from[side] + share * (to[side] - from[side]) - between[side]),
    ),
  );
}
