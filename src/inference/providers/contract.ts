import type { InferenceSession } from 'onnxruntime-node';

/** An execution provider of ONNX Runtime and what it needs of a session. */
export interface Provider {
  /** The word in `EXECUTION_PROVIDER`. */
  name: string;
  /** Whether a device number may follow the name, as in `cuda:1`. */
  hasDevices: boolean;
  /**
   * Options of every session on this provider.
   * @param device the device's number, 0 unless given
   */
  sessionOptions(device: number): InferenceSession.SessionOptions;
  /** What of ONNX Runtime's message is worth reading, where it is one that people cannot read. */
  cause?: RegExp;
  /** What chooses it in `EXECUTION_PROVIDER`, the device included where it has one. */
  example: string;
  /** What to check when no session can be made, for the person who started the server. */
  hint: string;
}

/** A provider chosen by `EXECUTION_PROVIDER`. */
export interface ProviderChoice {
  name: string;
  device: number;
}
