/** The public API. */
export { type Backend, type BackendOptions, createBackend } from './backend.js';
export { SubstringMatching } from './code-models/substring-matching.js';
export { type Config, readConfig } from './config.js';
export { AppError, ERRORS, type ErrorCode } from './errors.js';
export { type AppDeps, createApp } from './http/app.js';
export { LabelConfigError } from './label-config/error.js';
export {
  type LabelConfig,
  type ParsedLabelConfig,
  parseLabelConfig,
  readLabelConfig,
} from './label-config/parse.js';
export { type ServeOptions, type Server, serve } from './main.js';
export {
  type Context,
  LabelStudioMLBase,
  type ModelClass,
  type ModelContext,
  type ModelResponse,
  type Prediction,
  type PredictionItem,
  type Task,
  type TaskError,
} from './model.js';
export { OnnxModel } from './onnx-model.js';
export type { Region } from './regions/contract.js';
export type { Entry } from './training/fit.js';
