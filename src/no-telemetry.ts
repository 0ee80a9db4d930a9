/**
 * ONNX Runtime's builds report to their maker (1.30 on Linux too): they ask DNS for its servers, keep a queue of events
 * in the home folder and a log for each process in `TMPDIR`. They look for this variable when the first session is made.
 */
export const NO_TELEMETRY = Object.freeze({ ORT_DISABLE_TELEMETRY: '1' });
