/** For modules of kinds: what they are, and what the server's own are made with. */
export { AppError, type ErrorCode } from './errors.js';
export type {
  EncodedBatch,
  Encoder,
  InputExample,
  InputKind,
  InputPlace,
  PlainTensor,
  TaskFailure,
  TaskValue,
} from './inputs/contract.js';
export { type FileValue, fileBytes, readAddress } from './inputs/file.js';
export { readText } from './inputs/shown/text.js';
export { shownValue, whereShown } from './inputs/shown/value.js';
export { buildLabelMap } from './label-config/label-map.js';
export type { KindsModule } from './load-kinds.js';
export type {
  AnnotatedResult,
  AnswerReader,
  BindTarget,
  EncodedRow,
  Reading,
  RegionExample,
  RegionKind,
  RegionOptions,
  RowOutputs,
  Target,
} from './regions/contract.js';
export { CLASSES, THRESHOLD, VALUE } from './regions/output-kinds.js';
export { classRow, valueRow } from './regions/outputs.js';
export { OUTDATED, readOne, UNREADABLE } from './regions/reading.js';
export { TEXTS, textsOf } from './regions/text-area.js';
export { checkWholeTask, classesFor } from './regions/whole-task.js';
export type { OutputSpec } from './registry/version.js';
