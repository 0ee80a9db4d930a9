import type { ValueReader } from '../../src/inputs/values.js';

/** Reads the texts of tasks such as `{ data: { text: 'a' } }`. */
export const TEXT_READER: ValueReader = {
  binding: 'b',
  place: { object: 'text', tag: 'Text', attributes: {}, key: 'text', isUrl: false },
  input: { kind: 'text' },
  context: null,
};
