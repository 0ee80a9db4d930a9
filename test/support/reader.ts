import { parseShown } from '../../src/inputs/shown/value.js';
import type { ValueReader } from '../../src/inputs/values.js';

/** Reads the texts of tasks such as `{ data: { text: 'a' } }`. */
export const TEXT_READER: ValueReader = {
  binding: 'b',
  place: { object: 'text', tag: 'Text', attributes: {}, shown: parseShown('$text'), isUrl: false },
  input: { kind: 'text' },
  context: null,
};
