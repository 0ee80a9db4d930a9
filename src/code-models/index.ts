import type { ModelClass } from '../model.js';
import { SubstringMatching } from './substring-matching.js';

/** The models that are code and need no file, by the word in the manifest's `code`. */
export const CODE_MODELS: Readonly<Record<string, ModelClass>> = Object.freeze({
  'substring-matching': SubstringMatching,
});
