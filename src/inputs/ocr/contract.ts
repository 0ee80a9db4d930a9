/** Decoded pixels, row by row, red, green and blue. */
export interface Picture {
  data: Uint8Array;
  width: number;
  height: number;
}

/** What was read in a line. */
export interface LineText {
  text: string;
  /** The mean probability of its characters, 0..1; 0 for a text of nothing. */
  score: number;
}
