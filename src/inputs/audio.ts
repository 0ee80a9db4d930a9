import { soundDecoder } from './audio/decode.js';
import { AudioEncoder, type AudioOptions } from './audio/encoder.js';
import type { InputKind } from './contract.js';
import { readAddress } from './file.js';

const COUNT = { type: 'integer', minimum: 1 } as const;
const NAME = { type: 'string', minLength: 1 } as const;

/**
 * The recording of an Audio tag as one float32 tensor: its samples `[rows, samples]`, or its log-mel spectrum `[rows, mels,
 * frames]`, mixed to one channel and resampled to what the graph takes. A recording of more than `seconds` is cut into windows
 * that share `overlap` seconds. With `stream` the graph hears it piece by piece.
 *
 * @example
 * // What Whisper's feature extractor makes.
 * { "kind": "audio", "sample_rate": 16000, "features": "log-mel", "normalize": "whisper", "seconds": 30, "fixed": true }
 */
export const audio: InputKind = {
  kind: 'audio',
  file: true,
  objectTags: ['Audio'],
  optionsSchema: {
    properties: {
      sample_rate: { ...COUNT, maximum: 384_000, description: 'samples of a second that the graph takes' },
      channel: {
        type: 'integer',
        minimum: 0,
        maximum: 31,
        description: 'the channel that is heard (default: all of them, mixed)',
      },
      features: { enum: ['waveform', 'log-mel'], description: 'default waveform' },
      seconds: {
        type: 'number',
        exclusiveMinimum: 0,
        description: 'the longest row (default: the whole recording)',
      },
      overlap: {
        type: 'number',
        minimum: 0,
        description: 'seconds that two windows of a longer recording share',
      },
      fixed: { type: 'boolean', description: 'whether a shorter one is filled up to `seconds` with silence' },
      channel_axis: {
        type: 'boolean',
        description: 'whether the tensor has an axis of one channel behind that of rows',
      },
      tensor: { ...NAME, description: "the graph's input (default audio)" },
      n_fft: { ...COUNT, description: 'samples of a frame (default 400)' },
      win_length: { ...COUNT, description: 'samples of the window in it (default: all)' },
      hop_length: { ...COUNT, description: 'samples from one frame to the next (default 160)' },
      n_mels: { ...COUNT, description: 'bands (default 80)' },
      f_min: { type: 'number', minimum: 0, description: 'where the lowest band begins, in Hz (default 0)' },
      f_max: {
        type: 'number',
        exclusiveMinimum: 0,
        description: 'where the highest one ends (default: half the rate)',
      },
      mel_scale: {
        enum: ['slaney', 'htk'],
        description: "librosa's scale and areas (default), or torchaudio's",
      },
      log: { enum: ['log10', 'ln'], description: 'default log10' },
      floor: { type: 'number', exclusiveMinimum: 0, description: 'the least power (default 1e-10)' },
      normalize: {
        enum: ['whisper', 'standard'],
        description:
          'of log-mel: at most 8 below the largest, plus 4, by 4; of samples: mean 0 and deviation 1, row by row',
      },
      batch: {
        ...COUNT,
        maximum: 256,
        description: 'the most rows of a run (default 16); 1 for a graph of a fixed size',
      },
      stream: {
        type: 'object',
        description: 'how the graph hears the recording piece by piece',
        properties: {
          samples: COUNT,
          context: { type: 'integer', minimum: 0 },
          state: {
            type: 'object',
            properties: { input: NAME, output: NAME, shape: { type: 'array', items: COUNT, minItems: 1 } },
            required: ['input', 'output', 'shape'],
            additionalProperties: false,
          },
          rate: NAME,
          output: NAME,
        },
        required: ['samples', 'state', 'output'],
        additionalProperties: false,
      },
    },
    required: ['sample_rate'],
  },
  meta: 'audio',

  read: (data, place) => ({ file: readAddress(data, place) }),

  async load(_folder, options) {
    const own = options as unknown as AudioOptions;
    return new AudioEncoder(own, soundDecoder(own));
  },

  example: {
    options: { sample_rate: 8000 },
    object: '<Audio name="object" value="$call"/>',
    // Four samples of a WAV file with 16 bits each.
    data: {
      call: 'data:audio/wav;base64,UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQgAAAAAAADAAIAAAA==',
    },
    files: {},
    feeds: { audio: { type: 'float32', data: Float32Array.of(0, -0.5, -1, 0), dims: [1, 4] } },
  },
};
