/** An input kind whose encoder takes as many seconds over a value as the task says, without computing. */
export const inputs = [
  {
    kind: 'slow',
    objectTags: [],
    optionsSchema: { properties: {}, required: [] },
    read: data => Number(data.seconds ?? 0),
    load: async () => ({
      warmUp: 0,
      async *encode(values) {
        for (const [row, seconds] of values.entries()) {
          await new Promise(resolve => setTimeout(resolve, 1000 * seconds));
          const data = new Float32Array([seconds]);
          yield { rows: [row], feeds: { seconds: { type: 'float32', data, dims: [1, 1] } } };
        }
      },
    }),
    example: {
      options: {},
      object: '<Text name="object" value="$text"/>',
      data: { text: 'a' },
      files: {},
      feeds: {},
    },
  },
];
