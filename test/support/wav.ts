/** A WAV file of 16 bits, its channels one sample after the other: http://soundfile.sapp.org/doc/WaveFormat/ */
export function wav(rate: number, ...channels: readonly Float32Array[]): Buffer {
  const [first] = channels as [Float32Array];
  const data = Buffer.alloc(first.length * channels.length * 2);
  for (let index = 0; index < first.length; index++) {
    for (const [channel, samples] of channels.entries())
      data.writeInt16LE(Math.round(samples[index]! * 32767), (index * channels.length + channel) * 2);
  }
  const head = Buffer.alloc(44);
  head.write('RIFF');
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels.length, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * channels.length * 2, 28);
  head.writeUInt16LE(channels.length * 2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
